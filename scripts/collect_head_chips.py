"""Collect the chips that ``scripts/train_heads.py`` trains from, out of folders of labelled pictures.

    python scripts/collect_head_chips.py PICTURES CHIPS.npz [--models DIR]

PICTURES holds ``lfw-dev`` (LFW), ``masks`` (RWMFD), ``detection`` (faces with boxes and mask labels in ``boxes.jsonl``),
``eyewear`` (faces with sunglasses) and ``spoof/print`` (NUAA): faces with and without masks, from sources that differ.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from openfrs.errors import ServiceError
from openfrs.media.picture import decode
from openfrs.settings import Settings
from openfrs.vision.cache import WeightCache
from openfrs.vision.detection import Detection, Image, main_face, overlap
from openfrs.vision.heads import wide_chip
from openfrs.vision.pipeline import ModelPipeline

WORKERS = 2
SAME_FACE = 0.4
"""Intersection over union from which a face found is the face of a labelled box."""

Row = tuple[Image, dict[str, Any]]


def single(pipeline: ModelPipeline, path: Path, **labels: Any) -> list[Row]:
    """The main face of a picture; nothing if it cannot be read or shows none."""
    try:
        image = decode(path.read_bytes(), path.name)
    except ServiceError:
        return []
    return [
        (wide_chip(image, face), {**labels, "width": face.width}) for face in main_face(pipeline.detect(image), image)
    ]


def boxed(pipeline: ModelPipeline, folder: Path, line: str) -> list[Row]:
    """The labelled faces of a picture of the detection set that the detector finds."""
    labelled = json.loads(line)
    image = decode((folder / labelled["file"]).read_bytes(), labelled["file"])
    found, rows = pipeline.detect(image), []
    for face in labelled["faces"]:
        left, top, right, bottom = face["box"]
        box = Detection(left, top, right - left, bottom - top, np.zeros((5, 2), np.float32), 1.0)
        best = max(found, key=lambda each, box=box: overlap(each, box), default=None)  # type: ignore[misc]
        if best is not None and overlap(best, box) > SAME_FACE:
            labels = {"set": "detection", "file": labelled["file"], "label": face["mask"], "width": best.width}
            rows.append((wide_chip(image, best), labels))
    return rows


def jobs(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((folder / "lfw-dev" / "images").glob("*/*.jpg")):
        yield path, {"set": "lfw", "person": path.parent.name}
    for name, place in (("rwmfd", "masks/RWMFD_part_1"), ("eyewear", "eyewear"), ("nuaa", "spoof/print/ClientRaw")):
        for path in sorted((folder / place).rglob("*.*")):
            yield path, {"set": name, "file": str(path.relative_to(folder))}


def main(
    pictures: Annotated[Path, typer.Argument(help="Folder of the labelled sets.")],
    output: Annotated[Path, typer.Argument(help="File to write.")],
    models: Annotated[Path | None, typer.Option(help="Directory of the model weights.")] = None,
) -> None:
    """Detect, cut and write."""
    pipeline = ModelPipeline(WeightCache.open(models or Settings().models), WORKERS)
    lines = (pictures / "detection" / "boxes.jsonl").read_text("utf-8").splitlines()
    waiting = [*jobs(pictures)]
    rows: list[Row] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for found in track(
            pool.map(lambda line: boxed(pipeline, pictures / "detection", line), lines), total=len(lines)
        ):
            rows += found
        for found in track(pool.map(lambda job: single(pipeline, job[0], **job[1]), waiting), total=len(waiting)):
            rows += found
    np.savez(output, chips=np.stack([chip for chip, _ in rows]), rows=json.dumps([row for _, row in rows]))
    print(f"{len(rows)} chips")


if __name__ == "__main__":
    typer.run(main)
