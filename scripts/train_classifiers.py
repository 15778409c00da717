"""Train a classifier of ``openfrs.vision.attributes.classifiers`` from the output of ``scripts/collect_classifier_chips.py``.

    python scripts/train_classifiers.py CHIPS.npz CLASSIFIER --output src/openfrs/vision/weights/trained

CLASSIFIER is ``occlusion``, ``mask``, ``glasses``, ``hat``, ``beard`` or ``hair``. PyTorch is required; it is not a dependency of
the project. The seed is fixed. The test set is held out by person or by source, and the figures beside the weights are those of the
test set. Glasses, hats, beards and hair were labelled by eye, from sheets of faces ranked by earlier models;
``classifier_labels.csv`` has the labels by the first 16 digits of each image's SHA-256.
"""

import argparse
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from painted_occluders import FACE, ROWS, SIDE, Array, covered

SEED = 5
LABELS = Path(__file__).with_name("classifier_labels.csv")
FRAMES = {"occlusion": "wide", "mask": "wide", "glasses": "eyes", "hat": "head", "beard": "jaw", "hair": "hair"}
"""The frame of the chips of each classifier."""

Rows = list[dict[str, Any]]


def block(inputs: int, outputs: int, stride: int, dilation: int = 1) -> nn.Sequential:
    """Return a 3 x 3 convolution with batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Classifier(nn.Module):  # type: ignore[misc]  # PyTorch is not a development dependency
    """Four convolutional blocks. Classes are the mean of the last one; occlusion uses its 8 x 8 cells."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.trunk = nn.Sequential(block(3, 16, 2), block(16, 32, 2), block(32, 48, 2), block(48, 64, 1, 2))
        self.drop = nn.Dropout(0.3)
        self.last = nn.Conv2d(64, classes or 1, 1)
        cells = torch.from_numpy(FACE.reshape(8, 8, 8, 8).mean((1, 3))).float()
        self.register_buffer("weights", cells / cells.sum())

    def cells(self, x: torch.Tensor) -> torch.Tensor:
        """Return one logit for each class and each of 8 x 8 cells."""
        cells: torch.Tensor = self.last(self.drop(self.trunk(x - 0.5)))
        return cells

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return one logit for each class."""
        return self.cells(x).mean((2, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the probabilities of the classes, or the occluded share of the face."""
        if self.classes:
            return self.logits(x).softmax(1)
        return (self.cells(x).sigmoid()[:, 0] * self.weights).sum((1, 2))[:, None]


def augmented(chip: Array, random: np.random.Generator) -> Array:
    """Augment a chip: mirror, rotate, shift, change the light, blur, add noise, compress, or convert to grey."""
    if random.random() < 0.5:
        chip = chip[:, ::-1]
    angle, scale = random.normal(0, 4), random.normal(1, 0.04)
    rotation = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), angle, scale)
    rotation[:, 2] = rotation[:, 2] + random.normal(0, 1.2, 2)
    chip = cv2.warpAffine(np.ascontiguousarray(chip), rotation, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    chip = augmented_in_place(chip, random, gain=(0.5, 1.4))
    if random.random() < 0.4:
        chip = np.asarray(cv2.imdecode(cv2.imencode(".jpg", chip, [1, int(random.integers(20, 90))])[1], 1))
    return chip


def tensor(chips: Array) -> torch.Tensor:
    """Return the network's input for chips of 0..255, shape (n, SIDE, SIDE, 3)."""
    return torch.from_numpy(np.ascontiguousarray(chips.transpose(0, 3, 1, 2))).float() / 255


def fit(
    model: Classifier, steps: int, batch: Callable[[], tuple[Array, Array]], loss: Callable[..., torch.Tensor]
) -> None:
    """Train a model on ``steps`` batches."""
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    model.train()
    for step in range(steps):
        chips, labels = batch()
        value = loss(model, tensor(chips), torch.from_numpy(labels))
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
        if step % 200 == 0:
            print(step, f"{value.item():.4f}", flush=True)
    model.eval()


def predict(model: Classifier, chips: Array) -> Array:
    """Return the outputs of a model, one row for each chip."""
    with torch.no_grad():
        return np.concatenate(
            [model(tensor(chips[start : start + 256])).numpy() for start in range(0, len(chips), 256)]
        )


def person_held_out(row: dict[str, Any]) -> bool:
    """Hold out one person in five, by name."""
    return sum(map(ord, row["person"])) % 5 == 0


def train_occlusion(
    chips: Array, rows: Rows, random: np.random.Generator, steps: int
) -> tuple[Classifier, dict[str, Any]]:
    """Train on LFW faces with painted occluders and on every second real mask, which counts as covering the face below the nose."""
    lfw = np.array([row["set"] == "lfw" for row in rows])
    held = np.array([row["set"] == "lfw" and person_held_out(row) for row in rows])
    faces, others = chips[lfw & ~held], chips[lfw & ~held]
    masked = chips[[row["set"] == "rwmfd" for row in rows]]
    below_nose = (ROWS >= 37).astype(np.float32)

    def batch() -> tuple[Array, Array]:
        inputs, areas = [], []
        for _ in range(64):
            if random.random() < 0.12:
                chip, area = masked[2 * random.integers(len(masked) // 2)], below_nose
            else:
                chip, area = covered(faces[random.integers(len(faces))], others, random)
            if random.random() < 0.5:
                chip, area = chip[:, ::-1], area[:, ::-1]
            inputs.append(augmented_in_place(chip, random, gain=(0.4, 1.5)))
            areas.append(area.reshape(8, 8, 8, 8).mean((1, 3)))
        return np.stack(inputs), np.stack(areas).astype(np.float32)

    model = Classifier(0)
    fit(model, steps, batch, lambda net, x, y: nn.functional.binary_cross_entropy_with_logits(net.cells(x)[:, 0], y))
    check = np.random.default_rng(SEED + 1)
    painted = [covered(chip, chips[held], check) for chip in chips[held]]
    share = np.array([area[FACE].mean() for _, area in painted])
    outputs = predict(model, np.stack([chip for chip, _ in painted]))[:, 0]
    bare, real = predict(model, chips[held])[:, 0], predict(model, masked[1::2])[:, 0]
    return model, {
        "trained_on": f"{len(faces)} LFW photographs with painted occluders, {len(masked[::2])} photographs of masks (RWMFD)",
        "held_out": f"{int(held.sum())} LFW photographs of other people, painted likewise; {len(real)} other photographs of masks",
        "mean_error_of_share": round(float(np.abs(outputs - share).mean()), 3),
        "correlation_with_share": round(float(np.corrcoef(outputs, share)[0, 1]), 3),
        "bare_faces_above_0.3": round(float((bare > 0.3).mean()), 4),
        "real_masks_above_0.3": round(float((real > 0.3).mean()), 4),
    }


def augmented_in_place(chip: Array, random: np.random.Generator, gain: tuple[float, float]) -> Array:
    """Augment blur, colour, light and noise, which do not move pixels; ``gain`` is the range of the factor of the light."""
    if random.random() < 0.4:
        small = int(random.integers(16, SIDE))
        chip = cv2.resize(cv2.resize(chip, (small, small), interpolation=cv2.INTER_AREA), (SIDE, SIDE))
    if random.random() < 0.2:
        chip = np.repeat(chip.mean(2, keepdims=True), 3, 2)
    light = chip.astype(np.float32) * random.uniform(*gain) * random.normal(1, 0.06, 3) + random.normal(0, 12)
    light += random.normal(0, random.uniform(0, 6), light.shape)
    return np.clip(light, 0, 255).astype(np.uint8)


def train_classes(
    chips: Array,
    labels: Array,
    held: Array,
    classes: int,
    random: np.random.Generator,
    steps: int,
    similar: Array | None = None,
) -> tuple[Classifier, Array, Array]:
    """Train on chips with a label of 0 or more, with balanced classes; return the model, test labels and predictions.

    ``similar`` marks chips similar to those of the test set; half of each batch is drawn from them.
    """
    pools = [np.flatnonzero((labels == label) & ~held) for label in range(classes)]
    similar_pools = pools if similar is None else [pool[similar[pool]] for pool in pools]

    def batch() -> tuple[Array, Array]:
        sampled = random.integers(classes, size=64)
        pool_of = [(similar_pools if index % 2 else pools)[label] for index, label in enumerate(sampled)]
        inputs = [augmented(chips[random.choice(pool)], random) for pool in pool_of]
        return np.stack(inputs), sampled

    model = Classifier(classes)
    fit(model, steps, batch, lambda net, x, y: nn.functional.cross_entropy(net.logits(x), y, label_smoothing=0.05))
    tested = held & (labels >= 0)
    return model, labels[tested], predict(model, chips[tested])


def report(truth: Array, outputs: Array, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return the confusion matrix and the balanced accuracy."""
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (truth, outputs.argmax(1)), 1)
    recalls = confusion.diagonal() / confusion.sum(1)
    return {
        "classes": classes,
        "confusion_rows_are_truth": confusion.tolist(),
        "balanced_accuracy": round(float(recalls.mean()), 4),
    }


def main() -> None:
    """Train a classifier, and write its model and figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chips", type=Path)
    parser.add_argument("classifier", choices=FRAMES)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2500)
    options = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    random = np.random.default_rng(SEED)
    data = np.load(options.chips)
    chips, rows = data[FRAMES[options.classifier]], json.loads(str(data["rows"]))
    model, figures = TRAIN[options.classifier](chips, rows, random, options.steps)
    export(model, options.output / f"{options.classifier}.onnx")
    text = json.dumps({"head": options.classifier, "seed": SEED, "steps": options.steps, **figures}, indent=2)
    (options.output / f"{options.classifier}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def export(model: Classifier, path: Path) -> None:
    """Write a model as ONNX."""
    path.parent.mkdir(exist_ok=True)
    torch.onnx.export(
        model,
        (torch.zeros(1, 3, SIDE, SIDE),),
        path,
        input_names=["chip"],
        output_names=["answer"],
        dynamo=False,
        opset_version=17,
    )


def train_mask(chips: Array, rows: Rows, random: np.random.Generator, steps: int) -> tuple[Classifier, dict[str, Any]]:
    """Hold out every second image of the detection set, which shows masked and bare faces; half of each batch is from the rest.

    Otherwise only one bare face in fifty would be from a crowd, and those are the ones mistaken for masked faces.
    """
    labels, held = np.full(len(rows), -1), np.zeros(len(rows), bool)
    for index, row in enumerate(rows):
        if row["set"] == "utkface" or "ImposterRaw" in row.get("file", ""):
            continue
        if row["set"] != "detection":
            labels[index] = int(row["set"] == "rwmfd")
        elif row["label"] in {"mask", "no_mask"} and row["width"] >= 16:
            labels[index] = int(row["label"] == "mask")
            held[index] = int("".join(filter(str.isdigit, row["file"]))) % 2 == 1
    crowds = np.array([row["set"] == "detection" for row in rows])
    model, truth, outputs = train_classes(chips, labels, held, 2, random, steps, crowds)
    widths = np.array([row["width"] for row in rows])[held & (labels >= 0)]
    training = (labels >= 0) & ~held
    large = report(truth[widths >= 32], outputs[widths >= 32], ("none", "mask"))
    return model, {
        "trained_on": f"{int((training & (labels == 1)).sum())} masked and {int((training & (labels == 0)).sum())} bare faces"
        " of RWMFD, LFW, NUAA, a sunglasses set and half of the images of the detection set",
        "held_out": f"{len(truth)} faces of at least 16 pixels in the other images of the detection set",
        **report(truth, outputs, ("none", "mask")),
        "of_at_least_32_pixels": large,
    }


def labels_by_eye(rows: Rows, column: str, classes: tuple[str, ...]) -> Array:
    """Return the label of every chip, or -1 if it has none."""
    with LABELS.open(encoding="utf-8", newline="") as lines:
        known = {row["sha256"]: row[column] for row in csv.DictReader(lines)}
    words = [known.get(row.get("sha256", ""), "") for row in rows]
    return np.array([classes.index(word) if word else -1 for word in words])


def source_held_out(row: dict[str, Any]) -> bool:
    """Hold out one in five: by person if people are named, by subject of NUAA, by folder of the sunglasses set, else by image.

    Faces of the detection set have no labels here and no SHA-256.
    """
    if row["set"] == "lfw":
        return person_held_out(row)
    if row["set"] == "nuaa":
        return Path(row["file"]).parent.name in {"0002", "0008"}
    if row["set"] == "eyewear":
        return Path(row["file"]).parent.name in {"selfies_5", "selfies_10"}
    return "sha256" in row and bool(int(row["sha256"], 16) % 5 == 0)


def train_glasses(
    chips: Array, rows: Rows, random: np.random.Generator, steps: int
) -> tuple[Classifier, dict[str, Any]]:
    """Train on no, clear and dark glasses. NUAA's file names state who wears glasses."""
    classes = ("none", "yes", "dark")
    labels = labels_by_eye(rows, "glasses", classes)
    for index, row in enumerate(rows):
        if row["set"] == "nuaa":
            labels[index] = int(Path(row["file"]).name.split("_")[1])
    return train_by_source(chips, rows, labels, classes, random, steps)


def train_hat(chips: Array, rows: Rows, random: np.random.Generator, steps: int) -> tuple[Classifier, dict[str, Any]]:
    """Train on headwear in LFW photographs."""
    classes = ("none", "yes")
    labels = labels_by_eye(rows, "hat", classes)
    labels[[row["set"] != "lfw" for row in rows]] = -1
    return train_by_source(chips, rows, labels, classes, random, steps)


def train_by_source(
    chips: Array, rows: Rows, labels: Array, classes: tuple[str, ...], random: np.random.Generator, steps: int
) -> tuple[Classifier, dict[str, Any]]:
    """Train on labelled chips of several sources, and report the accuracy by source."""
    held = np.array([source_held_out(row) for row in rows])
    model, truth, outputs = train_classes(chips, labels, held, len(classes), random, steps)
    sets = np.array([row["set"] for row in rows])
    tested = sets[held & (labels >= 0)]
    counts = np.bincount(labels[(labels >= 0) & ~held], minlength=len(classes))
    summary = ", ".join(f"{count} {name}" for count, name in zip(counts, classes, strict=True))
    return model, {
        "trained_on": f"{summary}; faces of {', '.join(sorted(set(sets[labels >= 0])))}",
        "held_out": f"{len(truth)} faces of other people, subjects and folders",
        **report(truth, outputs, classes),
        "right_by_source": {
            str(name): round(float((outputs.argmax(1) == truth)[tested == name].mean()), 4)
            for name in sorted(set(tested))
        },
    }


def train_beard(chips: Array, rows: Rows, random: np.random.Generator, steps: int) -> tuple[Classifier, dict[str, Any]]:
    """Train on beards. A moustache alone has its own class, because it is most often mistaken for a beard."""
    labels = labels_by_eye(rows, "beard", ("none", "moustache", "yes"))
    held = np.array([source_held_out(row) for row in rows])
    model, truth, outputs = train_classes(chips, labels, held, 3, random, steps)
    counts = np.bincount(labels[(labels >= 0) & ~held], minlength=3)
    as_beard = np.stack([1 - outputs[:, 2], outputs[:, 2]], 1)
    moustaches, beards = truth == 1, truth == 2
    return model, {
        "trained_on": f"{counts[2]} beards, {counts[1]} moustaches alone, {counts[0]} bare faces;"
        " of LFW, UTKFace and a sunglasses set",
        "held_out": f"{len(truth)} faces of other people and folders, {int(moustaches.sum())} of them with a moustache alone",
        **report(beards.astype(int), as_beard, ("none", "yes")),
        "moustaches_told_a_beard": int((as_beard[moustaches].argmax(1) == 1).sum()),
    }


def train_hair(chips: Array, rows: Rows, random: np.random.Generator, steps: int) -> tuple[Classifier, dict[str, Any]]:
    """Train on hair that reaches below the chin, in LFW photographs. Hair that is tied back or covered has no label."""
    classes = ("short", "long")
    return train_by_source(chips, rows, labels_by_eye(rows, "hair", classes), classes, random, steps)


TRAIN = {
    "occlusion": train_occlusion,
    "mask": train_mask,
    "glasses": train_glasses,
    "hat": train_hat,
    "beard": train_beard,
    "hair": train_hair,
}


if __name__ == "__main__":
    main()
