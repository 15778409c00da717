"""Random templates and faces, for synthetic face sets of any size."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from openfrs.core.geometry import BoundingBox
from openfrs.store.faces.models import NewFace


def random_templates(generator: np.random.Generator, count: int, dimension: int = 128) -> npt.NDArray[np.float32]:
    """Return unit vectors in random directions, shape (count, dimension)."""
    templates = generator.normal(size=(count, dimension)).astype(np.float32)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    return templates


def synthetic_face(serial: int, template: npt.NDArray[np.float32], fields: Mapping[str, int] | None = None) -> NewFace:
    """Return a face with the ids of a serial number."""
    box = BoundingBox(10, 20, 100, 100)
    return NewFace(f"{serial:08x}", f"image-{serial}", box, dict(fields or {}), template)
