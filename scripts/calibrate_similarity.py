"""Make an embedder's calibration from labelled pictures: one folder a person, as in LFW.

    python scripts/calibrate_similarity.py PICTURES --models DIR --output src/openfrs/vision/sface.calibration.json

Every pair of pictures of one person is mated, every other pair is not. The main face of each picture counts; pictures
without one are left out and counted.
"""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from rich.progress import track

from openfrs.media.picture import decode
from openfrs.recognition.similarity import Calibration, OperatingPoint, fit
from openfrs.settings import Settings
from openfrs.vision.cache import WeightCache
from openfrs.vision.detection import main_face
from openfrs.vision.pipeline import ModelPipeline

WORKERS = 2
SHOWN = (0.40, 0.50, 0.60, 0.70, 0.80, 0.85, 0.90, 0.93, 0.95, 0.96, 0.97, 0.98)


def embeddings(folder: Path, pipeline: ModelPipeline) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.str_], int]:
    """Embeddings of the main faces under ``folder``, the folder name of each, and how many pictures showed no face."""
    paths = sorted(folder.glob("*/*.jpg"))

    def embedding(path: Path) -> npt.NDArray[np.float32] | None:
        image = decode(path.read_bytes(), path.name)
        faces = main_face(pipeline.detect(image), image)
        return pipeline.embed(image, faces)[0] if faces else None

    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(track(pool.map(embedding, paths), "embedding", total=len(paths)))
    kept = [(row, path.parent.name) for row, path in zip(found, paths, strict=True) if row is not None]
    rows, people = zip(*kept, strict=True)
    return np.stack(rows), np.array(people), len(paths) - len(kept)


def pair_cosines(
    rows: npt.NDArray[np.float32], people: npt.NDArray[np.str_]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Cosines of all mated and of all non-mated pairs."""
    first, second = np.triu_indices(len(rows), 1)
    cosines = (rows @ rows.T)[first, second]
    mated = people[first] == people[second]
    return cosines[mated], cosines[~mated]


def main(
    pictures: Annotated[Path, typer.Argument(help="Folder with one folder a person.")],
    output: Annotated[Path, typer.Option(help="File to write.")],
    data: Annotated[str, typer.Option(help="What the pictures are, in words.")],
    models: Annotated[Path | None, typer.Option(help="Directory of the model weights.")] = None,
) -> None:
    """Embed, pair, fit and write."""
    pipeline = ModelPipeline(WeightCache.open(models or Settings().models), WORKERS)
    rows, people, faceless = embeddings(pictures, pipeline)
    genuine, impostor = pair_cosines(rows, people)
    knots = fit(impostor)
    scale = Calibration(
        embedder=pipeline.embedder,
        data=data,
        images=len(rows),
        people=len(set(people)),
        genuine_pairs=genuine.size,
        impostor_pairs=impostor.size,
        knots=tuple(knots),
        operating_points=(),
    )
    points = [
        OperatingPoint(
            similarity=shown,
            cosine=round(cosine := scale.cosine(shown), 4),
            false_match_rate=float(f"{(impostor >= cosine).mean():.3g}"),
            true_match_rate=round(float((genuine >= cosine).mean()), 4),
        )
        for shown in SHOWN
    ]
    written = scale.model_copy(update={"operating_points": tuple(points)}).model_dump()
    output.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    print(f"{len(rows)} pictures of {len(set(people))} people, {faceless} without a face")
    print(f"{genuine.size} mated and {impostor.size} other pairs, impostor maximum {impostor.max():.3f}")
    for before, after in itertools.pairwise(points):
        assert before.false_match_rate >= after.false_match_rate
    for point in points:
        print(
            f"{point.similarity:.2f}  cosine {point.cosine:.3f}  FMR {point.false_match_rate:.1e}  TMR {point.true_match_rate:.2%}"
        )


if __name__ == "__main__":
    typer.run(main)
