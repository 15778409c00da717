"""The evaluation suite: all evaluations for which a data directory has labels."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from openfrs.evaluation.datasets.folders import AttributeSet, LivenessSet, attribute_sets, liveness_set
from openfrs.evaluation.datasets.images import People, labelled_boxes, named_pairs, people
from openfrs.evaluation.datasets.recipes import cohort_paths
from openfrs.evaluation.metrics.classification import UNKNOWN, class_result, number_result
from openfrs.evaluation.metrics.liveness import THRESHOLD, LivenessResult, liveness_result
from openfrs.evaluation.report.report import Report
from openfrs.evaluation.report.result_types import AnyResult
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import main_face
from openfrs.recognition.scale import Scale
from openfrs.vision.types import Image

from . import conditions, runs
from .cache import Record
from .predictor import LIVE, Prediction, Predictor
from .runner import UNREADABLE, Face, Runner

LFW = "LFW View 1 and further images, deep-funneled, 250 x 250, of people outside the cohort"
LFW_TESTED = "LFW View 1, test pairs"
LFW_SAME = {
    "Doc_Rivers": "Glenn_Rivers",
    "Hassan_Wirajuda": "Hasan_Wirayuda",
    "Joseph_Blatter": "Sepp_Blatter",
    "Sung_Hong_Choi": "Choi_Sung-hong",
}
"""People with two names, or two spellings of their name, in LFW."""

ATTRIBUTES = "attributes"
EMBEDDERS = "embedders"
DAMAGE = "damage"
GROUPS = "groups"
ACTION = "action"
LIVENESS = "liveness"
PARTS = ("lfw-dev", EMBEDDERS, DAMAGE, GROUPS, "detection", ACTION, ATTRIBUTES, LIVENESS)
"""Parts of the suite."""

DAMAGE_STRIDE = 28
"""One image in ``DAMAGE_STRIDE`` is damaged; each is measured 35 times."""


def evaluate_suite(
    runner: Runner,
    report: Report,
    data: Path,
    scale: Scale,
    predictor: Predictor | None = None,
    only: Collection[str] = (),
    others: Iterable[tuple[Runner, Scale]] = (),
) -> None:
    """Run all evaluations for which ``data`` has labels, or those of :data:`PARTS` in ``only``, and add them to the report.

    ``others`` are runners, without measures, of further embedders for which only verification is evaluated.
    """
    console = Console(stderr=True)
    evaluations: list[tuple[str, Path, Callable[[], Mapping[str, AnyResult]]]] = [
        ("lfw-dev", data / "lfw-dev", lambda: _lfw(runner, data / "lfw-dev", scale)),
        (EMBEDDERS, data / "lfw-dev", lambda: _embedders(others, data / "lfw-dev")),
        (DAMAGE, data / "lfw-dev", lambda: _damage(runner, data / "lfw-dev" / "images", scale)),
        (GROUPS, data / "demographics", lambda: {"groups": conditions.measure_groups(runner, data, scale)}),
        ("detection", data / "detection", lambda: _detection(runner, data / "detection" / "boxes.jsonl")),
    ]
    for name, folder, evaluate in evaluations:
        if only and name not in only:
            continue
        if not folder.is_dir():
            console.print(f"{name}: skipped, because {data} has no such data set")
            continue
        for part, result in evaluate().items():
            report.add(part, result)
    if (not only or ACTION in only) and (data / "video" / "clips.json").is_file():
        report.add("action-clips", runs.evaluate_clips(runner.pipeline, data / "video" / "clips.json"))
        report.add("action-cuts", runs.evaluate_single_actions(runner.pipeline, data / "video" / "clips.json"))
        photos = sorted((data / "lfw-dev" / "images").rglob("*.jpg"))[100::800]
        report.add("action-photographs", runs.evaluate_photographs(runner.pipeline, photos))
    if only and not {ATTRIBUTES, LIVENESS} & set(only):
        return
    if predictor is None:
        console.print("attributes and liveness: skipped, because there is no predictor")
        return
    for attributes in attribute_sets(data) if not only or ATTRIBUTES in only else ():
        if attributes.attribute in predictor.attributes and not attributes.trained_on:
            report.add(f"attribute-{attributes.name}", evaluate_attribute(runner, attributes, predictor))
    if LIVE in predictor.attributes and (not only or LIVENESS in only):
        labelled = liveness_set(data)
        if labelled:
            report.add("liveness", evaluate_liveness(runner, labelled, predictor))


def _lfw(runner: Runner, folder: Path, scale: Scale) -> dict[str, AnyResult]:
    images, pairs = folder / "images", named_pairs(folder / "pairs.csv", folder / "images")
    outside = _outside(images, scale)
    main = runs.embed_people(runner, outside, Face.MAIN, scale.cohort)
    merged = runs.embed_people(runner, outside.merged(LFW_SAME), Face.MAIN, scale.cohort)
    merged_names = f"{LFW}, {len(LFW_SAME)} people with two names counted as one each"
    return {
        "verification-all-pairs": runs.verify(runner, main, scale, Face.MAIN, LFW),
        "verification-all-pairs-merged": runs.verify(runner, merged, scale, Face.MAIN, merged_names),
        "verification-pairs": runs.verify_named(runner, pairs, scale, Face.MAIN, LFW_TESTED),
        "verification-pairs-centre": runs.verify_named(runner, pairs, scale, Face.CENTRE, LFW_TESTED),
        "identification": runs.identify(runner, main, Face.MAIN, LFW),
        "identification-merged": runs.identify(runner, merged, Face.MAIN, merged_names),
        "quality": runs.reject(runner, main, Face.MAIN, LFW),
    }


def _embedders(others: Iterable[tuple[Runner, Scale]], folder: Path) -> dict[str, AnyResult]:
    images, pairs = folder / "images", named_pairs(folder / "pairs.csv", folder / "images")
    results: dict[str, AnyResult] = {}
    for runner, scale in others:
        outside = _outside(images, scale)
        name, main = runner.embedder, runs.embed_people(runner, outside, Face.MAIN, scale.cohort)
        results[f"verification-all-pairs-{name}"] = runs.verify(runner, main, scale, Face.MAIN, LFW)
        results[f"verification-pairs-{name}"] = runs.verify_named(runner, pairs, scale, Face.MAIN, LFW_TESTED)
    return results


def _damage(runner: Runner, images: Path, scale: Scale) -> dict[str, AnyResult]:
    sampled = people(images).paths[::DAMAGE_STRIDE]
    outside = _outside(images, scale).merged(LFW_SAME)
    results: dict[str, AnyResult] = {
        "quality-damage": runs.measure_damage(runner, sampled, f"one in {DAMAGE_STRIDE} photographs of LFW")
    }
    if len(outside.paths) > len(set(outside.names)):
        results["damage"] = conditions.measure_damaged(runner, outside, scale, "LFW, people outside the cohort")
    return results


def _outside(images: Path, scale: Scale) -> People:
    """Return the people of LFW who are not behind the cohort."""
    labelled = people(images)
    return labelled if scale.cohort is None else labelled.without(cohort_paths(images.parent.parent))


def _detection(runner: Runner, file: Path) -> dict[str, AnyResult]:
    paths, boxes = labelled_boxes(file)
    return {"detection": runs.detect(runner, paths, boxes, "street and group photographs, most faces masked")}


def evaluate_attribute(runner: Runner, labelled: AttributeSet, predictor: Predictor) -> AnyResult:
    """Compare predictions with labels. An image without a face counts as unknown."""
    paths, truths = [path for path, _ in labelled.items], [truth for _, truth in labelled.items]
    predicted = predictions(runner, paths, predictor, labelled.attribute, labelled.pad)
    if not labelled.unit:
        classes = [UNKNOWN if each is None else str(each) for each in predicted]
        return class_result(
            labelled.name, truths, classes, data=labelled.data, models=predictor.name, groups=labelled.groups
        )
    return number_result(
        labelled.name,
        [float(truth) for truth in truths],
        [None if each is None else float(each) for each in predicted],
        unit=labelled.unit,
        data=labelled.data,
        models=predictor.name,
        edges=labelled.edges,
    )


def evaluate_liveness(
    runner: Runner, labelled: LivenessSet, predictor: Predictor, threshold: float = THRESHOLD
) -> LivenessResult:
    """Compare liveness scores with labels."""
    scores = predictions(runner, [path for path, _ in labelled.items], predictor, LIVE)
    return liveness_result(
        np.array([kind == "" for _, kind in labelled.items]),
        [kind for _, kind in labelled.items],
        np.array([np.nan if score is None else float(score) for score in scores]),
        data=labelled.data,
        models=predictor.name,
        threshold=threshold,
        people=labelled.people,
        clips=labelled.clips,
    )


def predictions(
    runner: Runner, paths: Sequence[Path], predictor: Predictor, attribute: str, pad: float = 0.0
) -> list[Prediction]:
    """Predict an attribute of the main face of every image; None if there is no face or the attribute is unknown."""

    def work(path: Path) -> Record:
        image = padded(EncodedImage.from_file(path).decode(), pad)
        face = main_face(runner.pipeline.detect(image), image)
        value = None if face is None else predictor.predict(image, face, attribute)
        return {} if value is None else {"value": np.array(value)}

    kind = f"predict|{predictor.name}|{attribute}|{pad}"
    records = runner.records(attribute, kind, paths, work)
    return [None if UNREADABLE in record or not record else record["value"].item() for record in records]


def padded(image: Image, share: float) -> Image:
    """Extend an image on each side by a share of its side by replicating its edge."""
    if not share:
        return image
    down, across = (round(share * side) for side in image.shape[:2])
    return np.asarray(cv2.copyMakeBorder(image, down, down, across, across, cv2.BORDER_REPLICATE), dtype=np.uint8)
