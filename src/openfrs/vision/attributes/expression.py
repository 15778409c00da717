"""Seven facial expressions, from the blendshapes of a face.

``scripts/train_expression.py`` trains the weights; ``weights/trained/expression.json`` has them with their accuracy.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .blendshapes import NAMES, Blendshapes

CLASSES: Final = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def classify_expression(blendshapes: Blendshapes) -> Mapping[str, float]:
    """Return the probability of each of :data:`CLASSES`; they sum to 1."""
    logits = features(np.array([[blendshapes[name] for name in NAMES]])) @ _weights() + _bias()
    exponentials = np.exp(logits[0] - logits.max())
    return dict(zip(CLASSES, map(float, exponentials / exponentials.sum()), strict=True))


def features(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the classifier's features of blendshapes, shape (n, 52): the means of left and right, and their square roots.

    Most movements are weak on most faces; the square root spreads their scores.
    """
    sides = [name.removesuffix("Left").removesuffix("Right") for name in NAMES]
    means = np.stack(
        [
            scores[:, [index for index, side in enumerate(sides) if side == each]].mean(axis=1)
            for each in dict.fromkeys(sides)
        ],
        axis=1,
    ).astype(np.float64)
    return np.concatenate([means, np.sqrt(np.maximum(means, 0))], axis=1)


@cache
def metrics() -> Mapping[str, Any]:
    """Return the classifier's weights and its accuracy on people that it was not trained on."""
    file = resources.files("openfrs.vision.weights") / "trained" / "expression.json"
    content: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    return content


@cache
def _weights() -> npt.NDArray[np.float64]:
    return np.array(metrics()["weights"]).T


@cache
def _bias() -> npt.NDArray[np.float64]:
    return np.array(metrics()["bias"])
