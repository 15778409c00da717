"""Random templates, for synthetic face sets of any size."""

import numpy as np
import numpy.typing as npt


def random_templates(generator: np.random.Generator, count: int, dimension: int = 128) -> npt.NDArray[np.float32]:
    """Return unit vectors in random directions, shape (count, dimension)."""
    templates = generator.normal(size=(count, dimension)).astype(np.float32)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    return templates
