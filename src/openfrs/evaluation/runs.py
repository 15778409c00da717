"""The evaluations, from images or CSV files to results."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError
from openfrs.evaluation.datasets.attacks import MOVES, film
from openfrs.evaluation.datasets.images import NamedPairs, People, read_csv
from openfrs.evaluation.datasets.videos import LIMITS, cut, labelled_clips
from openfrs.evaluation.metrics.action import ActionResult, clip_result
from openfrs.evaluation.metrics.classification import UNKNOWN, ClassResult, NumberResult, class_result, number_result
from openfrs.evaluation.metrics.damage import DAMAGES, DamageResult, damage_result
from openfrs.evaluation.metrics.detection import DetectionResult, detection_result
from openfrs.evaluation.metrics.identification import IdentificationResult, identification_result
from openfrs.evaluation.metrics.liveness import LivenessResult, liveness_result
from openfrs.evaluation.metrics.pairs import AllPairs, all_pairs
from openfrs.evaluation.metrics.rates import rate_of
from openfrs.evaluation.metrics.rejection import RejectionResult, rejection_result
from openfrs.evaluation.metrics.risk import RiskResult, risk_result
from openfrs.evaluation.metrics.single_actions import SingleAction, SingleActionsResult
from openfrs.evaluation.metrics.verification import (
    AllPairsResult,
    NamedPairsResult,
    all_pairs_result,
    named_pairs_result,
)
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.cohort import Cohort
from openfrs.recognition.liveness.action import decide, observe
from openfrs.recognition.liveness.types import Action, ActionRequest
from openfrs.recognition.liveness.warnings import WarningCode
from openfrs.recognition.main_face import main_face
from openfrs.recognition.scale import Scale
from openfrs.vision.attributes.types import Trait
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Image

from .cache import Record
from .runner import UNREADABLE, Face, Runner

RESTS: Final = (0, 300, 1000)
"""Milliseconds of rest around single actions."""

_PHOTO_SIDE: Final = 480
_ACTION_MODELS: Final = "face mesh, iris, silent liveness"


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedFaces:
    """The images with a face: their unit embeddings of shape (n, dimension), people and paths."""

    embeddings: npt.NDArray[np.float32]
    names: list[str]
    paths: list[Path]
    measures: Mapping[str, npt.NDArray[np.float64]]
    faceless: int
    biases: npt.NDArray[np.float32]
    """Biases of the embeddings, shape (n,): 0 without a cohort."""

    def pairs(self) -> AllPairs:
        """Compare all pairs of the faces.

        Raises:
            OperatorError: as :func:`openfrs.evaluation.metrics.pairs.all_pairs`.
        """
        return all_pairs(self.embeddings, np.array(self.names), self.biases)


def embed_people(runner: Runner, people: People, face: Face, cohort: Cohort | None = None) -> EmbeddedFaces:
    """Embed images of people, and measure their quality. Scores are normalised with the cohort."""
    faces = runner.faces(people.paths, face)
    (indices,) = np.nonzero(faces.has_face)
    embeddings = faces.embeddings[indices]
    return EmbeddedFaces(
        embeddings=embeddings,
        biases=np.zeros(len(embeddings), np.float32) if cohort is None else cohort.biases(embeddings),
        names=[people.names[index] for index in indices],
        paths=[people.paths[index] for index in indices],
        measures={name: values[indices] for name, values in faces.measures.items()},
        faceless=len(people.paths) - len(indices),
    )


def describe_models(runner: Runner, face: Face) -> str:
    """Describe the evaluated models."""
    chosen = "the main face" if face is Face.MAIN else "the most central face"
    return f"embedder {runner.embedder}, {chosen} of each image"


def verify(runner: Runner, embedded: EmbeddedFaces, scale: Scale, face: Face, data: str) -> AllPairsResult:
    """Measure true match rates over all pairs of labelled images."""
    return all_pairs_result(
        embedded.pairs(),
        [str(Path(*path.parts[-2:])) for path in embedded.paths],
        scale.calibration,
        data=data,
        models=describe_models(runner, face),
        people=len(set(embedded.names)),
        faceless=embedded.faceless,
    )


def verify_named(runner: Runner, pairs: NamedPairs, scale: Scale, face: Face, data: str) -> NamedPairsResult:
    """Measure the accuracy over named pairs. Pairs marked ``train`` determine a threshold and are not evaluated."""
    paths = sorted({*pairs.first, *pairs.second})
    faces = runner.faces(paths, face)
    index = {path: number for number, path in enumerate(paths)}
    first, second = (np.array([index[path] for path in side], np.intp) for side in (pairs.first, pairs.second))
    cosines = np.einsum("nd,nd->n", faces.embeddings[first], faces.embeddings[second]).astype(np.float64)
    biases = scale.biases(faces.embeddings)
    scores = cosines + biases[first] + biases[second]
    scores[~(faces.has_face[first] & faces.has_face[second])] = np.nan
    training = np.array([split == "train" for split in pairs.split])
    tested = ~training
    if not tested.any() or pairs.same[tested].all() or not pairs.same[tested].any():
        raise OperatorError("the test pairs must include mated pairs (same = 1) and impostor pairs (same = 0)")
    return named_pairs_result(
        scores[tested],
        pairs.same[tested],
        [names for names, is_tested in zip(pairs.names, tested, strict=True) if is_tested],
        scale.calibration,
        data=data,
        models=describe_models(runner, face),
        training=(scores[training], pairs.same[training]) if training.any() else None,
        folds=None if pairs.folds is None else pairs.folds[tested],
    )


def identify(runner: Runner, embedded: EmbeddedFaces, face: Face, data: str) -> IdentificationResult:
    """Measure open-set identification."""
    return identification_result(
        embedded.embeddings, embedded.names, biases=embedded.biases, data=data, models=describe_models(runner, face)
    )


def estimate_risk(runner: Runner, embedded: EmbeddedFaces, scale: Scale, data: str) -> RiskResult:
    """Compare the estimated risk of searches with the truth."""
    models = describe_models(runner, Face.MAIN)
    return risk_result(embedded.embeddings, embedded.names, scale, data=data, models=models)


def reject(
    runner: Runner, embedded: EmbeddedFaces, face: Face, data: str, scores: Mapping[Path, float] | None = None
) -> RejectionResult:
    """Compute error-versus-reject curves of the measures of the runner, and of ``scores`` by image path."""
    measured = {name: values for name, values in embedded.measures.items() if not np.isnan(values).any()}
    if scores is not None:
        missing = [path for path in embedded.paths if path not in scores]
        if missing:
            raise OperatorError(f"{missing[0]} has no quality score")
        measured = {"given": np.array([scores[path] for path in embedded.paths]), **measured}
    return rejection_result(embedded.pairs(), measured, data=data, models=describe_models(runner, face))


def measure_damage(runner: Runner, paths: Sequence[Path], data: str) -> DamageResult:
    """Measure the flaws of the main face of every image at increasing damage."""

    def work(path: Path) -> Record:
        image = EncodedImage.from_file(path).decode()
        face = main_face(runner.pipeline.detect(image), image)
        record: dict[str, npt.NDArray[np.float64]] = {}
        if face is None:
            return record
        for name, (flaw, damage) in DAMAGES.items():
            damaged = [np.clip(each, 0, 255).astype(np.uint8) for each in damage(image, face)]
            qualities = [runner.pipeline.describe(each, face, {Trait.QUALITY}).quality for each in damaged]
            record[name] = np.array([np.nan if each is None else getattr(each, flaw) for each in qualities])
        return record

    records = runner.records("damage", "damage", paths, work)
    measured = [record for record in records if record and UNREADABLE not in record]
    if not measured or any(np.isnan(values).any() for record in measured for values in record.values()):
        raise OperatorError("the quality of the images cannot be measured: a weight is missing, or they show no face")
    return damage_result(measured, data=data, models="quality of the service")


def detect(
    runner: Runner, paths: Sequence[Path], labelled: Sequence[npt.NDArray[np.float64]], data: str
) -> DetectionResult:
    """Measure detection recall by face size."""
    detected = runner.boxes(paths)
    readable = [(truth, boxes) for truth, boxes in zip(labelled, detected, strict=True) if boxes is not None]
    if not readable:
        raise OperatorError("none of the images can be read")
    truths, boxes = zip(*readable, strict=True)
    return detection_result(truths, boxes, data=data, models="detector", unreadable=len(detected) - len(readable))


def evaluate_clips(pipeline: Pipeline, file: Path) -> ActionResult:
    """Measure every clip of a ``clips.json``, including the eyes."""
    clips = []
    for clip in labelled_clips(file):
        observation = observe(pipeline, clip.path.read_bytes(), eyes=True, bounds=LIMITS)
        name = f"{clip.path.parent.name[-24:]}/{clip.path.name}"
        actions = [(each.action, each.peak) for each in clip.actions]
        clips.append(clip_result(name, clip.kind, actions, observation))
    return ActionResult(data=f"{len(clips)} clips", models=_ACTION_MODELS, clips=tuple(clips))


def evaluate_single_actions(pipeline: Pipeline, file: Path, rests: Sequence[int] = RESTS) -> SingleActionsResult:
    """Measure every labelled turn and nod by itself, cut out of its clip with milliseconds of rest around it."""
    recognised: dict[tuple[str, Action, int], list[bool]] = {}
    for clip in labelled_clips(file):
        video = clip.path.read_bytes()
        for each in clip.actions:
            for rest in rests:
                part = cut(video, max(0, each.start - rest), each.end + rest)
                decision = decide(observe(pipeline, part, eyes=False, bounds=LIMITS), ActionRequest((each.action,)))
                wrong = any(warning.frs_code == WarningCode.SMALL_MOVEMENT for warning in decision.warnings)
                measured = WarningCode.NOT_FRONTAL not in decision.warnings
                recognised.setdefault((clip.kind, each.action, rest), []).append(measured and not wrong)
    return SingleActionsResult(
        data=f"{file.parent.name}, {sum(map(len, recognised.values()))} cuts",
        models=_ACTION_MODELS,
        actions=tuple(
            SingleAction(kind=kind, action=action, rest=rest, recognised=rate_of(sum(results), len(results)))
            for (kind, action, rest), results in sorted(recognised.items())
        ),
    )


def evaluate_photographs(pipeline: Pipeline, photos: list[Path]) -> ActionResult:
    """Measure videos of photographs that are moved in every way of :data:`~openfrs.evaluation.datasets.attacks.MOVES`."""
    clips = []
    for number, (name, image) in enumerate(_squares(photos)):
        for move, moved in MOVES.items():
            result = clip_result(f"{number:02d} {name}", move, None, observe(pipeline, film(image, moved), eyes=True))
            clips.append(result.model_copy(update={"curves": {}}))
    return ActionResult(
        data=f"{len(photos)} photographs, each moved in {len(MOVES)} ways, made without camera or paper",
        models=_ACTION_MODELS,
        clips=tuple(clips),
    )


def _squares(photos: list[Path]) -> Iterator[tuple[str, Image]]:
    for path in photos:
        image = EncodedImage.from_file(path).decode()
        yield path.stem, np.asarray(cv2.resize(image, (_PHOTO_SIDE, _PHOTO_SIDE)), np.uint8)


def quality_scores(file: Path, folder: Path) -> dict[Path, float]:
    """Read quality scores (higher is better) by path from a CSV with the columns ``path``, relative to ``folder``, and ``score``.

    Raises:
        OperatorError: the file is invalid.
    """
    rows = read_csv(file, "path", "score")
    return {folder / row["path"]: _number(row["score"], file) for row in rows}


def attribute_from(file: Path, attribute: str, unit: str, data: str) -> ClassResult | NumberResult:
    """Evaluate predictions from a CSV with the columns ``truth`` and ``prediction``; numbers if ``unit`` is not empty.

    An empty prediction counts as unknown.

    Raises:
        OperatorError: the file is invalid.
    """
    rows = read_csv(file, "truth", "prediction")
    predicted = [row["prediction"] for row in rows]
    if not unit:
        classes = [each or UNKNOWN for each in predicted]
        return class_result(attribute, [row["truth"] for row in rows], classes, data=data, models=file.name)
    return number_result(
        attribute,
        [_number(row["truth"], file) for row in rows],
        [None if each in {"", UNKNOWN} else _number(each, file) for each in predicted],
        unit=unit,
        data=data,
        models=file.name,
    )


def liveness_from(file: Path, threshold: float, data: str) -> LivenessResult:
    """Evaluate liveness scores from a CSV with the columns ``label`` (live or attack), ``kind`` of attack and ``score``.

    An empty score means that no face was detected.

    Raises:
        OperatorError: the file is invalid.
    """
    rows = read_csv(file, "label", "kind", "score")
    if not {row["label"] for row in rows} <= {"live", "attack"}:
        raise OperatorError(f"{file}: each label must be live or attack")
    return liveness_result(
        np.array([row["label"] == "live" for row in rows]),
        [row["kind"] or "attack" for row in rows],
        np.array([_number(row["score"], file) if row["score"] else np.nan for row in rows]),
        data=data,
        models=file.name,
        threshold=threshold,
    )


def _number(text: str, file: Path) -> float:
    try:
        return float(text)
    except ValueError:
        raise OperatorError(f"{file}: {text!r} is not a number") from None
