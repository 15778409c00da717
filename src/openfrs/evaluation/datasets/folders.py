"""The labelled sets of a data directory, as its README describes them; a set that is not there is left out."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .images import read_csv

AGES: Final = (0, 3, 13, 20, 30, 40, 50, 60, 70, 120)
ADULT: Final = 18
EYEGLASSES_ABOVE: Final = 1.4
"""The machine score of eyeglasses from which it can be believed."""

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
    """Pictures labelled with one attribute; with a ``unit`` the truth is a number."""

    name: str
    """What the result is called; several sets may be of one attribute."""

    attribute: str
    data: str
    items: list[tuple[Path, str]]
    unit: str = ""
    edges: tuple[float, ...] = ()
    """Cuts the true values into stretches that are shown apart."""

    pad: float = 0.0
    """By what share of its side a picture is to be widened on each side first: tight crops show a detector no head."""

    groups: tuple[str, ...] = ()
    """The group of each picture, where they are to be told apart."""

    trained_on: bool = False
    """Whether a classifier of this project was trained on a part of it; the accuracy is then that beside the classifier."""


LIVING_BESIDE: Final = {"pyimagesearch_liveness/videos/fake.mp4": 1800}
"""Clips of a screen that begin with the living person beside it, whose face is the larger: frames before so many milliseconds
show no attack and are left out."""


@dataclass(frozen=True, slots=True)
class LivenessSet:
    """Pictures of live people and of attacks; the kind of a live one is ""."""

    data: str
    items: list[tuple[Path, str]]
    people: tuple[str, ...]
    """Who is on each: pictures of one person depend on each other."""

    clips: tuple[str, ...]
    """The clip or the session that each is a frame of: those depend on each other most."""


def attribute_sets(data: Path) -> Iterator[AttributeSet]:
    """The sets that are there."""
    for find in (_age_and_gender, _expression, _glasses, _mask, _pose):
        yield from find(data)


def _age_and_gender(data: Path) -> Iterator[AttributeSet]:
    folder = data / "age-gender"
    if not (folder / "labels.csv").is_file():
        return
    rows = read_csv(folder / "labels.csv", "path", "age", "gender")
    words = "UTKFace chips, 200 x 200, half of each gender"
    ages = [(folder / row["path"], row["age"]) for row in rows]
    yield AttributeSet("age", "age", words, ages, unit="years", edges=AGES, pad=0.3)
    names = {"F": "female", "M": "male"}
    for name, least in (("gender", 0), ("gender-adults", ADULT)):
        kept = [row for row in rows if int(row["age"]) >= least]
        items = [(folder / row["path"], names[row["gender"]]) for row in kept]
        groups = tuple(row.get("race", "") for row in kept)
        told = f"{words}, aged {least} and more" if least else words
        yield AttributeSet(name, "gender", told, items, pad=0.3, groups=groups if all(groups) else ())


def _expression(data: Path) -> Iterator[AttributeSet]:
    items = [
        (path, name)
        for folder, name in CK_EXPRESSIONS.items()
        for path in sorted((data / "expression" / "ckplus48" / folder).glob("*.png"))
    ]
    if items:
        yield AttributeSet("expression", "expression", "CK+, posed, 48 x 48", items, pad=0.3)


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
            certain = [row for row in csv.DictReader(lines) if float(row["Eyeglasses"]) > EYEGLASSES_ABOVE]
        items += [(scores.parent / "images" / row["lfw_path"], "yes") for row in certain]
    items += [(path, "dark") for path in _pictures(data / "eyewear" / "sunglasses")]
    if items:
        yield AttributeSet(
            "glasses",
            "glasses",
            "NUAA, LFW by machine score, sunglasses of which about 80 % are some",
            items,
            trained_on=True,
        )


def _mask(data: Path) -> Iterator[AttributeSet]:
    masked = _pictures(data / "masks" / "RWMFD_part_1")
    bare = sorted((data / "lfw-dev" / "images").glob("*/*.jpg"))[::8]
    if masked and bare:
        items = [(path, "yes") for path in masked] + [(path, "none") for path in bare]
        yield AttributeSet(
            "mask",
            "mask",
            "RWMFD part 1 (a few without a visible mask) against every eighth picture of LFW",
            items,
            trained_on=True,
        )


def _pose(data: Path) -> Iterator[AttributeSet]:
    file = data / "pose" / "labels.csv"
    if file.is_file():
        names = {"yaw_img_left": "left", "yaw_img_right": "right", "pitch_up": "up", "pitch_down": "down"}
        rows = read_csv(file, "file", "label")
        items = [(file.parent / "images" / row["file"], names.get(row["label"], row["label"])) for row in rows]
        yield AttributeSet("pose", "pose", "frames of clips, directions as seen in the picture", items)
        turned = [(path, "none" if truth == "frontal" else "yes") for path, truth in items]
        yield AttributeSet("quality-pose", "quality-pose", "frames of clips; yes: the head is turned", turned)


def liveness_set(data: Path) -> LivenessSet | None:
    """All pictures of live people and of attacks that are there; None where there are none."""
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
"""Where it is, what kind, who, in which clip."""


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
        if int(row["ms"]) >= LIVING_BESIDE.get(row["clip"], 0)
    ]


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".bmp"})
