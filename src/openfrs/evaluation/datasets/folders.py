"""The labelled data sets of a data directory in the layout of its README; missing sets are skipped."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .images import SUFFIXES, read_csv

AGES: Final = (0, 3, 13, 20, 30, 40, 50, 60, 70, 120)
ADULT: Final = 18
EYEGLASSES_ABOVE: Final = 1.4
"""Score of the automatic label for eyeglasses above which it is reliable."""

CK_EXPRESSIONS: Final = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "sadness": "sad",
    "surprise": "surprise",
}


@dataclass(frozen=True, slots=True)
class AttributeSet:
    """Images labelled with one attribute; with a ``unit`` the labels are numbers."""

    name: str
    """Name of the result; several sets can have the same attribute."""

    attribute: str
    data: str
    items: list[tuple[Path, str]]
    unit: str = ""
    edges: tuple[float, ...] = ()
    """Edges of the intervals of true values that are reported separately."""

    pad: float = 0.0
    """Share of its side by which an image is padded on each side first: detectors miss faces in tight crops."""

    groups: tuple[str, ...] = ()
    """The group of each image, if groups are reported separately."""

    trained_on: bool = False
    """True if a classifier of this project was trained on part of the set; its metrics are stored beside the classifier."""


LIVE_UNTIL: Final = {"pyimagesearch_liveness/videos/fake.mp4": 1800}
"""Milliseconds until which the main face of a clip of a screen is that of a live person beside it; these frames are skipped."""


@dataclass(frozen=True, slots=True)
class LivenessSet:
    """Images of live people and of attacks; the kind of a live image is ""."""

    data: str
    items: list[tuple[Path, str]]
    people: tuple[str, ...]
    """The person in each image: images of one person are not independent."""

    clips: tuple[str, ...]
    """The clip or session of each image."""


def attribute_sets(data: Path) -> Iterator[AttributeSet]:
    """Yield the attribute sets of a data directory."""
    for find in (_age_and_gender, _expression, _glasses, _mask, _pose):
        yield from find(data)


def _age_and_gender(data: Path) -> Iterator[AttributeSet]:
    folder = data / "age-gender"
    if not (folder / "labels.csv").is_file():
        return
    rows = read_csv(folder / "labels.csv", "path", "age", "gender")
    description = "UTKFace chips, 200 x 200, half of each gender"
    ages = [(folder / row["path"], row["age"]) for row in rows]
    yield AttributeSet("age", "age", description, ages, unit="years", edges=AGES, pad=0.3)
    majority = [(path, "adult" if int(age) >= ADULT else "minor") for path, age in ages]
    yield AttributeSet("adult", "adult", description, majority, pad=0.3)
    names = {"F": "female", "M": "male"}
    for name, min_age in (("gender", 0), ("gender-adults", ADULT)):
        selected = [row for row in rows if int(row["age"]) >= min_age]
        items = [(folder / row["path"], names[row["gender"]]) for row in selected]
        groups = tuple(row.get("race", "") for row in selected)
        title = f"{description}, aged {min_age} and older" if min_age else description
        yield AttributeSet(name, "gender", title, items, pad=0.3, groups=groups if all(groups) else ())


def _expression(data: Path) -> Iterator[AttributeSet]:
    items = [
        (path, name)
        for folder, name in CK_EXPRESSIONS.items()
        for path in sorted((data / "expression" / "ckplus48" / folder).glob("*.png"))
    ]
    if items:
        yield AttributeSet("expression", "expression", "CK+, posed, 48 x 48", items, pad=0.3, trained_on=True)


def _glasses(data: Path) -> Iterator[AttributeSet]:
    items = []
    labels = data / "spoof" / "print" / "labels.csv"
    if labels.is_file():
        names = {"00": "none", "01": "yes"}
        rows = [row for row in read_csv(labels, "path", "label", "glasses_code") if row["label"] == "real"]
        items += [
            (labels.parent / row["path"], names[row["glasses_code"]]) for row in rows if row["glasses_code"] in names
        ]
    scores = data / "lfw-dev" / "attribute_scores.csv"
    if scores.is_file():
        with scores.open(encoding="utf-8", newline="") as lines:
            reliable = [row for row in csv.DictReader(lines) if float(row["Eyeglasses"]) > EYEGLASSES_ABOVE]
        items += [(scores.parent / "images" / row["lfw_path"], "yes") for row in reliable]
    items += [(path, "dark") for path in _images(data / "eyewear" / "sunglasses")]
    if items:
        yield AttributeSet(
            "glasses",
            "glasses",
            "NUAA, LFW by automatic label, sunglasses (about 80 % correct)",
            items,
            trained_on=True,
        )


def _mask(data: Path) -> Iterator[AttributeSet]:
    masked = _images(data / "masks" / "RWMFD_part_1")
    bare = sorted((data / "lfw-dev" / "images").glob("*/*.jpg"))[::8]
    if masked and bare:
        items = [(path, "yes") for path in masked] + [(path, "none") for path in bare]
        yield AttributeSet(
            "mask",
            "mask",
            "RWMFD part 1 (a few without a visible mask) and one in eight images of LFW",
            items,
            trained_on=True,
        )


def _pose(data: Path) -> Iterator[AttributeSet]:
    file = data / "pose" / "labels.csv"
    if file.is_file():
        names = {"yaw_img_left": "left", "yaw_img_right": "right", "pitch_up": "up", "pitch_down": "down"}
        rows = read_csv(file, "file", "label")
        items = [(file.parent / "images" / row["file"], names.get(row["label"], row["label"])) for row in rows]
        yield AttributeSet("pose", "pose", "frames of clips, directions as seen in the image", items)
        turned = [(path, "none" if truth == "frontal" else "yes") for path, truth in items]
        yield AttributeSet("quality-pose", "quality-pose", "frames of clips; yes: turned head", turned)


def liveness_set(data: Path) -> LivenessSet | None:
    """Return all images of live people and of attacks, or None if there are none."""
    rows = _prints(data / "spoof" / "print") + _screens(data / "spoof" / "screen")
    if not rows:
        return None
    return LivenessSet(
        "NUAA prints and frames of clips",
        [(path, kind) for path, kind, _, _ in rows],
        tuple(person for _, _, person, _ in rows),
        tuple(clip for _, _, _, clip in rows),
    )


LivenessRow = tuple[Path, str, str, str]
"""Path, kind, person and clip."""


def _prints(folder: Path) -> list[LivenessRow]:
    file = folder / "labels.csv"
    rows = read_csv(file, "path", "label", "attack", "subject", "session") if file.is_file() else []
    return [
        (
            folder / row["path"],
            row["attack"],
            f"print {row['subject']}",
            f"print {row['subject']} {row['session']} {row['label']}",
        )
        for row in rows
    ]


def _screens(folder: Path) -> list[LivenessRow]:
    file = folder / "frames.csv"
    rows = read_csv(file, "path", "label", "kind", "subject", "clip", "ms") if file.is_file() else []
    return [
        (
            folder / row["path"],
            "" if row["label"] == "real" else row["kind"].removeprefix("spoof_screen_"),
            f"screen {row['subject']}",
            f"screen {row['clip']}",
        )
        for row in rows
        if int(row["ms"]) >= LIVE_UNTIL.get(row["clip"], 0)
    ]


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
