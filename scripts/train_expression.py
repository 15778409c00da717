"""Train the expression classifier of ``openfrs.vision.attributes.expression`` on blendshapes.

    python scripts/train_expression.py DATA --output src/openfrs/vision/weights/trained/expression.json

DATA is a directory of labelled sets: ``expression/ckplus48``, ``expression/yale``, and ``lfw-dev`` with ``emotions.csv``. The
accuracy in the output is that of five-fold cross-validation in which all images of a person are in one fold; the stored weights are
trained on all images. Every class has the same weight.
"""

import csv
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import typer
from rich.progress import track

from openfrs.core.settings import Settings
from openfrs.recognition.description import MIN_EXPRESSION_PROBABILITY, SMILE_PROBABILITY
from openfrs.recognition.main_face import find_main_face_in
from openfrs.vision.attributes.blendshapes import NAMES
from openfrs.vision.attributes.expression import CLASSES, features
from openfrs.vision.attributes.types import Trait
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.weights.cache import WeightCache

WORKERS: Final = 4
FOLDS: Final = 5
STEPS: Final = 1500
RIDGE: Final = 0.003
MAX_OF_CLASS: Final = 220
"""Maximum number of images of one class of LFW, whose labels are one student's each."""

CK: Final = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "sadness": "sad",
    "surprise": "surprise",
}
YALE: Final = {"happy": "happy", "sad": "sad", "surprised": "surprise", "normal": "neutral"}
LFW: Final = CK | {"happiness": "happy", "neutral": "neutral"}

Matrix = npt.NDArray[np.float64]
Row = tuple[Path, str, str]
"""Path, class and person."""


def labelled_images(data: Path) -> Iterator[Row]:
    """Yield the images of the labelled sets."""
    for folder, name in CK.items():
        for path in sorted((data / "expression" / "ckplus48" / folder).glob("*.png")):
            yield path, name, f"ck {path.stem.partition('_')[0]}"
    for suffix, name in YALE.items():
        for path in sorted((data / "expression" / "yale").glob(f"*_{suffix}.png")):
            yield path, name, f"yale {path.stem.partition('_')[0]}"
    count = Counter[str]()
    with (data / "lfw-dev" / "emotions.csv").open(encoding="utf-8", newline="") as lines:
        for row in sorted(csv.DictReader(lines), key=lambda row: zlib.crc32(row["lfw_path"].encode())):
            label = LFW.get(row["emotion"], "")
            path = data / "lfw-dev" / "images" / row["lfw_path"]
            count[label] += 1
            if label and count[label] <= MAX_OF_CLASS and path.is_file():
                yield path, label, f"lfw {path.parent.name}"


def blendshapes(pipeline: ModelPipeline, path: Path) -> list[float] | None:
    """Return the blendshapes of the main face of an image, or None if none is found."""
    image = cv2.imread(str(path))  # Yale's files are in formats that the service rejects
    if image is None:
        return None
    margin = int(0.3 * min(image.shape[:2]))
    pixels = np.asarray(
        cv2.copyMakeBorder(image[:, :, ::-1], margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.uint8
    )
    face = find_main_face_in(pipeline, pixels)
    found = None if face is None else pipeline.describe(pixels, face, {Trait.BLENDSHAPES}).blendshapes
    return None if found is None else [found[name] for name in NAMES]


def fit(inputs: Matrix, labels: npt.NDArray[np.int64]) -> tuple[Matrix, Matrix]:
    """Return weights, shape (features, classes), and bias of a softmax regression with balanced classes."""
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0) + 1e-3
    scaled = (inputs - mean) / deviation
    truth = np.eye(len(CLASSES))[labels]
    weight = (truth / np.maximum(truth.sum(axis=0), 1)).sum(axis=1, keepdims=True) / len(CLASSES)
    weights, bias = np.zeros((inputs.shape[1], len(CLASSES))), np.zeros(len(CLASSES))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        error = weight * (softmax(scaled @ weights + bias) - truth)
        slope = scaled.T @ error + RIDGE * weights
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        weights -= 0.02 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        bias -= 0.5 * error.sum(axis=0)
    weights /= deviation[:, None]
    return weights, bias - mean @ weights


def softmax(logits: Matrix) -> Matrix:
    """Return the probabilities of rows of logits."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def accuracy(probabilities: Matrix, labels: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return confusion matrix and balanced accuracy, and both shares of the faces above the least probability that is answered."""
    confusion = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(confusion, (labels, probabilities.argmax(axis=1)), 1)
    answered = probabilities.max(axis=1) >= MIN_EXPRESSION_PROBABILITY
    smiling, happy = probabilities[:, CLASSES.index("happy")] >= SMILE_PROBABILITY, labels == CLASSES.index("happy")
    recalls = confusion.diagonal() / np.maximum(confusion.sum(axis=1), 1)
    return {
        "confusion_rows_are_truth": confusion.tolist(),
        "balanced_accuracy": round(float(recalls[confusion.sum(axis=1) > 0].mean()), 4),
        "answered": round(float(answered.mean()), 4),
        "right_of_answered": round(float((probabilities.argmax(axis=1) == labels)[answered].mean()), 4),
        "happy_told_smiling": round(float(smiling[happy].mean()), 4),
        "others_told_smiling": round(float(smiling[~happy].mean()), 4),
    }


def main(
    data: Annotated[Path, typer.Argument(help="Directory of the labelled sets.")],
    output: Annotated[Path, typer.Option(help="Output file.")],
    models: Annotated[Path | None, typer.Option(help="Directory of the model weights.")] = None,
) -> None:
    """Measure blendshapes, train the classifier and write it to a file."""
    pipeline = ModelPipeline(WeightCache.open(models or Settings().models), Runtime(WORKERS))
    rows = [*labelled_images(data)]
    with ThreadPoolExecutor(WORKERS) as pool:
        scores_of_rows = pool.map(lambda row: blendshapes(pipeline, row[0]), rows)
        measured = [*zip(rows, track(scores_of_rows, total=len(rows)), strict=True)]
    found = [(row, scores) for row, scores in measured if scores is not None]
    inputs = features(np.array([scores for _, scores in found]))
    labels = np.array([CLASSES.index(row[1]) for row, _ in found])
    folds = np.array([zlib.crc32(row[2].encode()) % FOLDS for row, _ in found])
    sets = np.array([row[2].partition(" ")[0] for row, _ in found])
    held = np.zeros((len(found), len(CLASSES)))
    for fold in range(FOLDS):
        weights, bias = fit(inputs[folds != fold], labels[folds != fold])
        held[folds == fold] = softmax(inputs[folds == fold] @ weights + bias)
    weights, bias = fit(inputs, labels)
    counts = Counter(CLASSES[label] for label in labels)
    figures = {
        "head": "expression",
        "trained_on": ", ".join(f"{counts[name]} {name}" for name in CLASSES) + "; faces of CK+, Yale and LFW",
        "held_out": f"{FOLDS}-fold cross-validation by person over all {len(found)} faces",
        "classes": CLASSES,
        **accuracy(held, labels),
        "by_source": {name: accuracy(held[sets == name], labels[sets == name]) for name in sorted({*sets})},
        "weights": weights.T.round(4).tolist(),
        "bias": bias.round(4).tolist(),
    }
    output.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print(json.dumps({key: value for key, value in figures.items() if key not in {"weights", "bias"}}, indent=1))


if __name__ == "__main__":
    typer.run(main)
