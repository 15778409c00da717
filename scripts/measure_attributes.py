"""Measure attributes and quality on labelled pictures, and print the tables of ``docs/accuracy.md``.

    python scripts/measure_attributes.py PICTURES [--models DIR]

PICTURES holds ``age-gender`` (UTKFace), ``expression/ckplus48`` (CK+), ``pose`` (frames with labelled directions) and
``lfw-dev`` (LFW). The figures of the heads are held out when they are trained, and stand beside them.
"""

import csv
import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.progress import track

from openfrs.media.picture import decode
from openfrs.recognition.similarity import calibration
from openfrs.settings import Settings
from openfrs.vision.cache import WeightCache
from openfrs.vision.detection import Detection, Image, main_face
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.traits import Quality, Trait, Traits

T = TypeVar("T")
WORKERS = 2
EXPRESSIONS = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "sadness": "sad",
    "surprise": "surprise",
}
"""Folders of CK+ and what they are called here; contempt has no counterpart."""

DIRECTED = 15.0
"""Degrees from which a head counts as turned; FRS advises to stay below it up and down."""

STRENGTHS = (0.0, 0.03, 0.06, 0.1, 0.15)
"""Blur as a share of the distance between the eyes: standard deviation of a Gaussian, a third of a path of motion."""


class Pictures:
    """Reads pictures and measures their main faces on two threads."""

    def __init__(self, pipeline: ModelPipeline) -> None:
        self.pipeline = pipeline

    def face(self, image: Image) -> Detection | None:
        """The main face of a picture."""
        found = main_face(self.pipeline.detect(image), image)
        return found[0] if found else None

    def traits(self, image: Image, wanted: Collection[Trait]) -> Traits | None:
        """Traits of the main face; None without a face."""
        face = self.face(image)
        return None if face is None else self.pipeline.describe(image, face, wanted)

    def quality(self, image: Image, face: Detection) -> Quality:
        """The quality of a face."""
        quality = self.pipeline.describe(image, face, {Trait.QUALITY}).quality
        assert quality is not None
        return quality

    def each(self, what: str, work: Callable[[Any], T], items: Sequence[Any]) -> list[T]:
        """What ``work`` makes of each item, in their order."""
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(track(pool.map(work, items), what, total=len(items), console=Console(stderr=True)))


def read(path: Path, *, pad: float = 0.0, side: int = 0) -> Image:
    """A picture, scaled up to ``side`` pixels and with a black margin of a share of its size about it, as tight crops need."""
    image = decode(path.read_bytes(), path.name)
    if side:
        image = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    margin = round(pad * image.shape[0])
    return np.asarray(cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_CONSTANT), np.uint8)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def table(title: str, heads: Iterable[str], lines: Iterable[Iterable[object]]) -> None:
    heads = list(heads)
    print(f"\n{title}\n\n| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for line in lines:
        print(f"| {' | '.join(map(str, line))} |")


def age_and_gender(pictures: Pictures, folder: Path) -> None:
    labels = rows(folder / "age-gender" / "labels.csv")
    found = pictures.each(
        "age, gender",
        lambda row: pictures.traits(
            read(folder / "age-gender" / row["path"], pad=0.25), {Trait.AGE, Trait.GENDER, Trait.MASK}
        ),
        labels,
    )
    kept = [(row, each) for row, each in zip(labels, found, strict=True) if each is not None]
    ages = np.array([int(row["age"]) for row, _ in kept])
    errors = np.array([each.age for _, each in kept], float) - ages
    right = np.array([(each.male or 0) >= 0.5 for _, each in kept]) == np.array(
        [row["gender"] == "M" for row, _ in kept]
    )
    lines = []
    for name, chosen in [
        ("all", ages >= 0),
        ("0 to 15", ages < 16),
        ("16 and older", ages >= 16),
        ("16 to 39", (ages >= 16) & (ages < 40)),
        ("40 to 64", (ages >= 40) & (ages < 65)),
        ("65 and older", ages >= 65),
    ] + [
        (f"16 and older, {race}", (ages >= 16) & np.array([row["race"] == race for row, _ in kept]))
        for race in sorted({row["race"] for row, _ in kept})
    ]:
        lines.append(
            (
                name,
                chosen.sum(),
                f"{right[chosen].mean():.1%}",
                f"{np.abs(errors[chosen]).mean():.1f}",
                f"{errors[chosen].mean():+.1f}",
            )
        )
    table(
        f"UTKFace, {len(kept)} of {len(labels)} chips",
        ("age", "faces", "gender right", "age: mean error", "bias"),
        lines,
    )
    masked = np.mean([(each.mask or 0) >= 0.5 for _, each in kept])
    print(f"\n{masked:.1%} of these faces are said to wear a mask; no label says that any does.")


def expressions(pictures: Pictures, folder: Path) -> None:
    items = [
        (path, EXPRESSIONS[path.parent.name])
        for path in sorted((folder / "expression" / "ckplus48").glob("*/*.png"))
        if path.parent.name in EXPRESSIONS
    ]
    found = pictures.each(
        "expression",
        lambda item: pictures.traits(read(item[0], pad=1 / 6, side=240), {Trait.EXPRESSION}),
        items,
    )
    names = [*EXPRESSIONS.values(), "neutral"]
    confusion = np.zeros((len(names), len(names)), int)
    for (_, truth), each in zip(items, found, strict=True):
        if each is not None and each.expression is not None:
            said = max(each.expression, key=each.expression.__getitem__)
            confusion[names.index(truth), names.index(said)] += 1
    confusion = confusion[:-1]
    lines = [
        (name, *line, f"{line[place] / line.sum():.0%}")
        for place, (name, line) in enumerate(zip(names, confusion, strict=False))
    ]
    right = confusion[:, :-1].diagonal()
    table(
        f"CK+, {confusion.sum()} pictures of 48 x 48: {right.sum() / confusion.sum():.1%} right,"
        f" {(right / confusion.sum(axis=1)).mean():.1%} balanced; rows are the labels",
        ("label", *names, "right"),
        lines,
    )


def poses(pictures: Pictures, folder: Path) -> None:
    labels = rows(folder / "pose" / "labels.csv")
    places = {path.name: path for path in (folder / "pose").rglob("*.jpg")}

    def measured(row: dict[str, str]) -> tuple[Traits, Traits] | None:
        image = read(places[row["file"]])
        both = [
            pictures.traits(each, {Trait.POSE, Trait.QUALITY}) for each in (image, np.ascontiguousarray(image[:, ::-1]))
        ]
        return None if both[0] is None or both[1] is None else (both[0], both[1])

    found = pictures.each("pose", measured, labels)
    kept = [(row["label"], *each) for row, each in zip(labels, found, strict=True) if each is not None]
    lines, right = [], 0
    for label in ("frontal", "yaw_img_left", "yaw_img_right", "pitch_up", "pitch_down"):
        angles, flaws = [], []
        for name, traits, _ in kept:
            if name == label and traits.pose is not None and traits.quality is not None:
                angles.append((traits.pose.yaw, traits.pose.pitch))
                flaws.append(traits.quality.pose)
                right += direction(*angles[-1]) == label
        middle = np.median(angles, axis=0)
        lines.append(
            (
                label,
                len(angles),
                *(f"{each:+.0f}" for each in middle),
                f"{np.median(flaws):.2f}",
                f"{np.mean(np.array(flaws) >= 0.3):.0%}",
            )
        )
    table(
        f"Frames of video with labelled directions, {len(kept)} of {len(labels)}: {right / len(kept):.1%} of directions right",
        ("label", "frames", "yaw, median", "pitch, median", "quality.pose, median", "above 0.3"),
        lines,
    )
    mirrored = [abs(one.pose.yaw + other.pose.yaw) for _, one, other in kept if one.pose and other.pose]
    print(f"\nMirroring a frame should negate the yaw: it is off by {np.mean(mirrored):.1f} degrees in the mean.")


def direction(yaw: float, pitch: float) -> str:
    if max(abs(yaw), abs(pitch)) < DIRECTED:
        return "frontal"
    if abs(yaw) >= abs(pitch):
        return "yaw_img_left" if yaw > 0 else "yaw_img_right"
    return "pitch_down" if pitch > 0 else "pitch_up"


def motion(length: int, degrees: float) -> npt.NDArray[np.float32]:
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (0, length // 2), (length - 1, length // 2), 1.0)
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), degrees, 1)
    turned = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return np.asarray(turned / turned.sum(), np.float32)


def qualities(pictures: Pictures, folder: Path, *, count: int = 150) -> None:
    paths = sorted((folder / "lfw-dev" / "images").glob("*/*.jpg"))
    chosen = paths[:: len(paths) // count]

    def flaws(path: Path) -> dict[str, list[float]] | None:
        image = read(path)
        face = pictures.face(image)
        if face is None:
            return None
        eyes = float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))

        def along(name: str, changed: Iterable[npt.NDArray[Any]]) -> list[float]:
            return [getattr(pictures.quality(np.clip(each, 0, 255).astype(np.uint8), face), name) for each in changed]

        def hidden(share: float) -> Image:
            covered = image.copy()
            top, bottom = int(face.top + (1 - share) * face.height), int(face.top + face.height)
            covered[max(0, top) : bottom, max(0, int(face.left)) : int(face.left + face.width)] = (70, 90, 130)
            return covered if share else image

        return {
            "Gaussian blur": along("blur", (cv2.GaussianBlur(image, (0, 0), max(0.01, s * eyes)) for s in STRENGTHS)),
            **{
                f"motion at {degrees} degrees": along(
                    "blur",
                    (cv2.filter2D(image, -1, motion(max(1, round(3 * s * eyes) | 1), degrees)) for s in STRENGTHS),
                )
                for degrees in (0, 45, 90)
            },
            "darkening to 100, 60, 40, 25, 15 %": along(
                "illumination", (image * f for f in (1.0, 0.6, 0.4, 0.25, 0.15))
            ),
            "light added: 0, 60, 110, 150, 190": along(
                "illumination", (image.astype(float) + light for light in (0, 60, 110, 150, 190))
            ),
            "a block from below over 0, 20, 35, 50, 65 %": along("occlusion", map(hidden, (0, 0.2, 0.35, 0.5, 0.65))),
        }

    found = [each for each in pictures.each("quality", flaws, chosen) if each is not None]
    lines = []
    for name in found[0]:
        values = np.array([each[name] for each in found])
        rising = np.mean([all(b >= a - 0.01 for a, b in itertools.pairwise(line)) for line in values])
        lines.append((name, *(f"{value:.2f}" for value in np.median(values, axis=0)), f"{rising:.0%}"))
    table(
        f"{len(found)} LFW photographs, damaged ever more: median flaw, and how often it never falls by more than 0.01",
        ("damage", "none", "1", "2", "3", "4", "rises"),
        lines,
    )


def rejection(pictures: Pictures, folder: Path) -> None:
    """What refusing the worst pictures does to misses among all mated pairs of LFW."""
    paths = sorted((folder / "lfw-dev" / "images").glob("*/*.jpg"))

    def both(path: Path) -> tuple[str, float, npt.NDArray[np.float32]] | None:
        image = read(path)
        face = pictures.face(image)
        if face is None:
            return None
        return path.parent.name, pictures.quality(image, face).total, pictures.pipeline.embed(image, [face])[0]

    known = [each for each in pictures.each("refusals", both, paths) if each]
    people, totals = np.array([each[0] for each in known]), np.array([each[1] for each in known])
    embeddings = np.stack([each[2] for each in known])
    first, second = np.triu_indices(len(known), 1)
    mated = people[first] == people[second]
    first, second = first[mated], second[mated]
    cosines = (embeddings[first] * embeddings[second]).sum(axis=1)
    scale = calibration(pictures.pipeline.embedder)
    lines = []
    for share in (0, 0.05, 0.1, 0.2):
        good = totals >= np.quantile(totals, share)
        kept = good[first] & good[second]
        missed = [(cosines[kept] < scale.cosine(similarity)).mean() for similarity in (0.93, 0.96)]
        lines.append((f"{share:.0%}", kept.sum(), *(f"{each:.2%}" for each in missed)))
    table(
        f"All mated pairs of {len(known)} LFW photographs, those of lowest total_score refused",
        ("refused", "pairs left", "missed at 0.93", "missed at 0.96"),
        lines,
    )


def main(
    pictures: Annotated[Path, typer.Argument(help="Folder of the labelled sets.")],
    models: Annotated[Path | None, typer.Option(help="Directory of the model weights.")] = None,
) -> None:
    """Measure everything."""
    measured = Pictures(ModelPipeline(WeightCache.open(models or Settings().models), WORKERS))
    for measure in (age_and_gender, expressions, poses, qualities, rejection):
        measure(measured, pictures)


if __name__ == "__main__":
    typer.run(main)
