"""Collect the training chips of ``scripts/train_classifiers.py`` from directories of labelled images.

    python scripts/collect_classifier_chips.py IMAGES CHIPS.npz [--models DIR]

IMAGES contains faces of several sources: ``lfw-dev`` (LFW), ``masks`` (RWMFD), ``detection`` (boxes and mask labels in
``boxes.jsonl``), ``eyewear`` (sunglasses), ``spoof/print`` (NUAA) and ``age-gender`` (UTKFace).
"""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from openfrs.core.errors import ServiceError
from openfrs.core.geometry import intersection_over_union
from openfrs.core.settings import Settings
from openfrs.evaluation.suite import padded
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import main_face
from openfrs.vision.attributes.classifiers import EYES, HAIR, HEAD, JAW, WIDE, chip
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.types import Detection, Image
from openfrs.vision.weights.cache import WeightCache

WORKERS = 2
SAME_FACE = 0.4
"""Intersection over union above which a detection matches a labelled box."""

FRAMES = {"wide": WIDE, "eyes": EYES, "head": HEAD, "jaw": JAW, "hair": HAIR}
PADDED = {"utkface": 0.3}
"""Sets of tight crops, and the padding of each side as a share of the side."""

Row = tuple[dict[str, Image], dict[str, Any]]


def chips(image: Image, face: Detection) -> dict[str, Image]:
    """Return the chip of each frame."""
    return {name: chip(image, face, frame) for name, frame in FRAMES.items()}


def main_face_chips(pipeline: ModelPipeline, path: Path, **labels: Any) -> list[Row]:
    """Return the chips of an image's main face; empty if the image cannot be decoded or has no face."""
    data = path.read_bytes()
    try:
        image = padded(EncodedImage(data, path.name).decode(), PADDED.get(labels["set"], 0.0))
    except ServiceError:
        return []
    digest = hashlib.sha256(data).hexdigest()[:16]
    face = main_face(pipeline.detect(image), image)
    return [] if face is None else [(chips(image, face), {**labels, "width": face.width, "sha256": digest})]


def labelled_face_chips(pipeline: ModelPipeline, folder: Path, line: str) -> list[Row]:
    """Return the chips of the labelled faces of the detection set that the detector finds."""
    labelled = json.loads(line)
    image = EncodedImage((folder / labelled["file"]).read_bytes(), labelled["file"]).decode()
    detections, rows = pipeline.detect(image), []
    for face in labelled["faces"]:
        left, top, right, bottom = face["box"]
        box = Detection(left, top, right - left, bottom - top, np.zeros((5, 2), np.float32), 1.0)
        best = max(detections, key=lambda each, box=box: intersection_over_union(each, box), default=None)  # type: ignore[misc]
        if best is not None and intersection_over_union(best, box) > SAME_FACE:
            labels = {"set": "detection", "file": labelled["file"], "label": face["mask"], "width": best.width}
            rows.append((chips(image, best), labels))
    return rows


def labelled_paths(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the path and labels of each image of which the main face is used."""
    for path in sorted((folder / "lfw-dev" / "images").glob("*/*.jpg")):
        yield path, {"set": "lfw", "person": path.parent.name}
    for name, directory in (
        ("rwmfd", "masks/RWMFD_part_1"),
        ("eyewear", "eyewear"),
        ("nuaa", "spoof/print"),
        ("utkface", "age-gender/images"),
    ):
        for path in sorted((folder / directory).rglob("*.*")):
            yield path, {"set": name, "file": str(path.relative_to(folder))}


def main(
    images: Annotated[Path, typer.Argument(help="Directory of the labelled sets.")],
    output: Annotated[Path, typer.Argument(help="Output file.")],
    models: Annotated[Path | None, typer.Option(help="Directory of the model weights.")] = None,
) -> None:
    """Detect faces, cut their chips and write them to a file."""
    pipeline = ModelPipeline(WeightCache.open(models or Settings().models), Runtime(WORKERS))
    lines = (images / "detection" / "boxes.jsonl").read_text("utf-8").splitlines()
    paths = [*labelled_paths(images)]
    rows: list[Row] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for chips_of_image in track(
            pool.map(lambda line: labelled_face_chips(pipeline, images / "detection", line), lines), total=len(lines)
        ):
            rows += chips_of_image
        for chips_of_image in track(
            pool.map(lambda job: main_face_chips(pipeline, job[0], **job[1]), paths), total=len(paths)
        ):
            rows += chips_of_image
    arrays = {name: np.stack([each[name] for each, _ in rows]) for name in FRAMES}
    np.savez(output, rows=json.dumps([row for _, row in rows]), **arrays)  # type: ignore[arg-type]
    print(f"{len(rows)} chips")


if __name__ == "__main__":
    typer.run(main)
