"""Fit the logistic regression of silent liveness and measure it on people outside the training set.

    python scripts/train_liveness.py DATA --report eval-report [--cues CUES.npz] [--check]

DATA is a directory of labelled sets as for ``openfrs eval all``. Cues and ridge are selected by leave-one-person-out
cross-validation; the figures come from repeating the selection without each person (nested cross-validation). Nothing is random.
``--cues`` caches the cues of all images; ``--check`` only repeats the fit and compares the weights.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import numpy as np
import typer
from rich.progress import track

from liveness_cues import CUES, crops
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.evaluation.datasets.folders import liveness_set
from openfrs.evaluation.datasets.images import labelled_boxes
from openfrs.evaluation.metrics.liveness import CueTrial, CueTrialsResult, LivenessResult, liveness_result
from openfrs.evaluation.report.report import Report
from openfrs.evaluation.suite import padded
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import main_face
from openfrs.vision.detection.rotation import upright
from openfrs.vision.liveness.minifasnet import MAX_DEVIATION, Logistic, liveness_cues, sigmoid
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.base import Session
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.weights.cache import WeightCache

OUTPUT: Final = Path(__file__).parent.parent / "src" / "openfrs" / "vision" / "weights" / "trained" / "liveness.json"

NETWORK: Final = "network"
COMBINATIONS: Final = (
    (NETWORK, "spectrum"),
    (NETWORK, "crops"),
    (NETWORK, "texture"),
    (NETWORK, "sharpness"),
    (NETWORK, "context"),
    (NETWORK, "crops", "spectrum"),
    (NETWORK, "spectrum", "context"),
    ("spectrum",),
)
"""Combinations of cues to select from."""

WITH_COLOURS: Final = ((NETWORK, "colours"), (NETWORK, "crops", "colours"), (NETWORK, "spectrum", "colours"))
"""Combinations that are measured but not selected: colours depend on the few cameras and lamps of the training set."""

LABELLED: Final = ("print", "screen")
RIDGES: Final = (1.0, 3.0, 10.0)
STEPS: Final = 30
FLOOR: Final = -3.0
"""Log odds at which the network is 95 % certain of an attack; in the set of prints all live faces lie above, all prints below."""

TOLERANCE: Final = 5e-3
"""Maximum difference of the network's output between processors."""

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Variant = tuple[tuple[str, ...], float]
"""Cues and ridge."""


@dataclass(frozen=True)
class Sample:
    """An image with its set, kind of attack ("" is live), person, clip, and padding as a share of its side."""

    path: Path
    source: str
    kind: str
    person: str
    clip: str
    pad: float = 0.0


class Dataset:
    """Samples with their cues; NaN for images without a face."""

    def __init__(self, samples: Sequence[Sample], cues: Mapping[str, Floats]) -> None:
        self.cues = cues
        self.live = np.array([sample.kind == "" for sample in samples])
        self.kinds, self.people, self.clips, self.sources = (
            np.array([getattr(sample, name) for sample in samples]) for name in ("kind", "person", "clip", "source")
        )
        self.has_face: Flags = np.isfinite(cues[NETWORK][:, 0])
        self.labelled: Flags = np.isin(self.sources, LABELLED)
        self._person = np.unique(self.people, return_inverse=True)[1]
        self._clip = np.unique(self.clips, return_inverse=True)[1]
        self._group = np.unique(
            np.where(self.live, np.char.add("live ", self.sources), self.kinds), return_inverse=True
        )[1]
        self._group_of = np.zeros(self._clip.max() + 1, np.int64)
        self._group_of[self._clip] = self._group
        self._is_live = np.zeros(self._group.max() + 1, np.int64)
        self._is_live[self._group] = self.live

    def weights(self, subset: Flags) -> Floats:
        """Return weights that balance live faces and attacks, then the sets or kinds of each, then the clips of each."""
        frames = np.bincount(self._clip[subset], minlength=self._group_of.size)
        clips = np.bincount(self._group_of[frames > 0], minlength=self._is_live.size)
        groups = np.bincount(self._is_live[clips > 0], minlength=2)
        group = self._group[subset]
        weights = np.zeros(subset.size)
        weights[subset] = 100 / groups[self._is_live[group]] / clips[group] / frames[self._clip[subset]]
        return weights

    def table(self, cues: Sequence[str]) -> Floats:
        """Return several cues as one table."""
        return np.hstack([self.cues[name] for name in cues])

    def fit(self, variant: Variant, subset: Flags) -> Logistic:
        """Fit the regression to some of the images."""
        subset = subset & self.has_face
        floor = FLOOR if variant[0][0] == NETWORK else -np.inf
        return fit(self.table(variant[0])[subset], self.live[subset], self.weights(subset)[subset], variant[1], floor)

    def leave_one_out(self, variant: Variant, subset: Flags, training: Flags | None = None) -> Floats:
        """Return the margin of each image in ``subset``, fitted to the other people in ``training``; NaN elsewhere."""
        training = subset if training is None else training
        margins = np.full(subset.size, np.nan)
        table = self.table(variant[0])
        for person in np.unique(self._person[subset]):
            of_person = subset & (self._person == person)
            margins[of_person] = self.fit(variant, training & ~of_person).margin(table[of_person])
        return margins

    def errors(self, margins: Floats, subset: Flags) -> tuple[dict[str, float], float]:
        """Return APCER by kind of attack, and BPCER."""
        passed = np.nan_to_num(margins, nan=-np.inf) >= 0
        kinds = sorted(set(self.kinds[subset & ~self.live]))
        return {str(kind): float(passed[subset & (self.kinds == kind)].mean()) for kind in kinds}, float(
            1 - passed[subset & self.live].mean()
        )

    def loss(self, margins: Floats, subset: Flags) -> float:
        """Return the mean logarithmic loss, weighted as for the fit."""
        subset = subset & self.has_face
        opposite_margins = np.where(self.live, -margins, margins)[subset]
        return float(np.average(np.logaddexp(0, opposite_margins), weights=self.weights(subset)[subset]))

    def select(self, subset: Flags, combinations: Sequence[tuple[str, ...]] = COMBINATIONS) -> Variant:
        """Return the variant with the smallest leave-one-person-out loss."""
        return min(
            ((cues, ridge) for cues in combinations for ridge in RIDGES),
            key=lambda variant: self.loss(self.leave_one_out(variant, subset), subset),
        )


def fit(cues: Floats, live: Flags, weights: Floats, ridge: float, floor: float) -> Logistic:
    """Fit a logistic regression to standardised and clipped cues by Newton's method."""
    mean = np.average(cues, 0, weights)
    deviation = np.sqrt(np.average((cues - mean) ** 2, 0, weights)) + 1e-6
    inputs = np.column_stack([np.clip((cues - mean) / deviation, -MAX_DEVIATION, MAX_DEVIATION), np.ones(len(cues))])
    penalty = np.diag([*[ridge] * cues.shape[1], 1e-6])
    coefficients = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        probability = 1 / (1 + np.exp(-np.clip(inputs @ coefficients, -30, 30)))
        gradient = inputs.T @ (weights * (probability - live)) + penalty @ coefficients
        hessian = (inputs * (weights * probability * (1 - probability))[:, None]).T @ inputs + penalty
        change = np.linalg.solve(hessian, gradient)
        coefficients = coefficients - change
        if np.abs(change).max() < 1e-8:
            break
    return Logistic(mean, deviation, coefficients[:-1], float(coefficients[-1]), floor)


def samples(data: Path) -> Iterator[Sample]:
    """Yield labelled images, then ordinary photographs of other sets, in which every face is live."""
    labelled = liveness_set(data)
    if labelled is None:
        raise OperatorError(f"{data} has no labelled images for liveness")
    for (path, kind), person, clip in zip(labelled.items, labelled.people, labelled.clips, strict=True):
        yield Sample(path, person.split()[0], kind, person, clip)
    for path in sorted((data / "lfw-dev" / "images").rglob("*.jpg"))[3::14]:
        yield Sample(path, "LFW", "", path.parent.name, path.name)
    with (data / "age-gender" / "labels.csv").open(encoding="utf-8", newline="") as lines:
        for row in list(csv.DictReader(lines))[::8]:
            yield Sample(data / "age-gender" / row["path"], "UTKFace", "", row["path"], row["path"], 0.3)
    for path in labelled_boxes(data / "detection" / "boxes.jsonl")[0]:
        yield Sample(path, "street", "", path.name, path.name)


def extract_cues(
    samples: Sequence[Sample], pipeline: ModelPipeline, session: Session, *, candidates: bool
) -> dict[str, Floats]:
    """Return the cues of the main face of every image: those in use and, with ``candidates``, those of ``liveness_cues.py``."""
    rows: list[dict[str, Floats] | None] = []
    for sample in track(samples, "extracting cues"):
        image = padded(EncodedImage.from_file(sample.path).decode(), sample.pad)
        row = None
        if (main := main_face(pipeline.detect(image), image)) is not None:
            upright_image, face = upright(image, main)
            in_use = liveness_cues(session, upright_image, face)
            row = {NETWORK: in_use[:1], "spectrum": in_use[1:]}
            if candidates:
                row["crops"] = crops(session, upright_image, face)
                row |= {name: cue(upright_image, face) for name, cue in CUES.items()}
        rows.append(row)
    template = next(row for row in rows if row)
    return {
        name: np.array([row[name] if row else np.full(value.size, np.nan) for row in rows])
        for name, value in template.items()
    }


def cue_trial(name: str, dataset: Dataset, margins: Floats, margins_of: Callable[[Flags], Floats]) -> CueTrial:
    """Return the error rates of a set of cues. ``margins_of`` returns the margins of ordinary photographs."""
    labelled = dataset.labelled
    passed, refused = dataset.errors(margins, labelled)
    ordinary = {}
    for source in ("LFW", "UTKFace", "street"):
        subset = (dataset.sources == source) & dataset.has_face
        ordinary[source] = float((margins_of(subset) < 0).mean())
    scores = np.nan_to_num(margins, nan=-np.inf)
    result = liveness_result(
        dataset.live[labelled], dataset.kinds[labelled].tolist(), scores[labelled], data="", models=""
    )
    return CueTrial(
        cues=name,
        passed=passed,
        refused=refused,
        refused_in_clips=dataset.errors(margins, labelled & (dataset.sources == "screen"))[1],
        equal_error_rate=result.equal_error_rate,
        ordinary=ordinary,
    )


def halves(dataset: Dataset) -> tuple[Flags, Flags]:
    """Split the people of each set into a development and a held-out half."""
    held = np.zeros(dataset.live.size, np.bool_)
    for source in ("print", "screen"):
        people = sorted(set(dataset.people[dataset.sources == source]))
        held |= np.isin(dataset.people, people[1::2]) & (dataset.sources == source)
    return dataset.labelled & ~held, held


def subset_result(dataset: Dataset, margins: Floats, subset: Flags, models: str) -> LivenessResult:
    """Return the error rates of the images in ``subset``."""
    return liveness_result(
        dataset.live[subset],
        dataset.kinds[subset].tolist(),
        sigmoid(margins)[subset],
        data=f"NUAA prints and frames of clips, {int(subset.sum())} images",
        models=models,
        people=dataset.people[subset].tolist(),
        clips=dataset.clips[subset].tolist(),
    )


def nested_margins(dataset: Dataset) -> Floats:
    """Return the margin of each labelled image, with cues and ridge selected and fitted without its person."""
    labelled, margins = dataset.labelled, np.full(dataset.labelled.size, np.nan)
    selected = []
    for person in sorted(set(dataset.people[labelled])):
        of_person = labelled & (dataset.people == person)
        variant = dataset.select(labelled & ~of_person)
        selected.append(variant)
        fitted = dataset.fit(variant, labelled & ~of_person).margin(dataset.table(variant[0]))
        margins[of_person] = fitted[of_person]
    print("selected without each person:", selected)
    return margins


def compare_cues(dataset: Dataset, variant: Variant, nested: Floats) -> CueTrialsResult:
    """Compare all combinations of cues, the selection without each person, and training without each kind of attack."""
    labelled, network = dataset.labelled, dataset.cues[NETWORK][:, 0]

    def trial(name: str, fitted: Variant, margins: Floats) -> CueTrial:
        return cue_trial(
            name,
            dataset,
            margins,
            lambda subset: dataset.fit(fitted, labelled).margin(dataset.table(fitted[0])[subset]),
        )

    trials = [cue_trial("network alone", dataset, network, lambda subset: network[subset])]
    for cues in (*COMBINATIONS, *WITH_COLOURS):
        best = dataset.select(labelled, [cues])
        trials.append(trial(", ".join(cues), best, dataset.leave_one_out(best, labelled)))
    trials.append(trial("selected without each person", variant, nested))
    for kind in ("phone", "monitor", "print"):
        margins = dataset.leave_one_out(variant, labelled, labelled & (dataset.kinds != kind))
        trials.append(trial(f"{', '.join(variant[0])}; without {kind} in training", variant, margins))
    return CueTrialsResult(
        data=f"NUAA prints and frames of clips, {int(labelled.sum())} images",
        models="cross-validated over people; photographs of other sets with the model fitted to all people",
        tried=tuple(trials),
    )


def measure(dataset: Dataset, variant: Variant, report: Report) -> None:
    """Add the figures to a report."""
    labelled, network, nested = dataset.labelled, dataset.cues[NETWORK][:, 0], nested_margins(dataset)
    left_out = subset_result(dataset, nested, labelled, "cues selected and fitted without each person")
    report.add("liveness-left-out", left_out)
    report.add("liveness-network", subset_result(dataset, network, labelled, "the network alone"))
    development, held = halves(dataset)
    best = dataset.select(development)
    print("selected on the development half:", best)
    for name, fitted, models in (
        ("liveness-held-back", variant, "the same cues, fitted to the development half"),
        ("liveness-held-back-chosen", best, f"{', '.join(best[0])}: selected and fitted on the development half"),
    ):
        margins = dataset.fit(fitted, development).margin(dataset.table(fitted[0]))
        report.add(name, subset_result(dataset, margins, held, models))
    report.add("liveness-tried", compare_cues(dataset, variant, nested))


def main(
    data: Path,
    report: Annotated[Path, typer.Option(help="Directory of the report.")],
    cues: Annotated[Path | None, typer.Option(help="Cache file of the cues.")] = None,
    check: Annotated[bool, typer.Option(help="Only compare with the current weights.")] = False,
) -> None:
    """Fit the regression, write its weights and measure it."""
    selected = [sample for sample in samples(data) if not check or sample.source in LABELLED]
    if cues is not None and cues.is_file():
        with np.load(cues) as cached:
            values = dict(cached)
    else:
        weights = WeightCache.open(Settings().models)
        session = Runtime(1).session(weights.path("liveness"))
        values = extract_cues(selected, ModelPipeline(weights, Runtime(1)), session, candidates=not check)
        if cues is not None:
            np.savez(cues, **values)  # type: ignore[arg-type]
    dataset = Dataset(selected, values)
    if check:
        compare(dataset)
    variant = dataset.select(dataset.labelled)
    print("selected:", variant)
    if variant[0] != (NETWORK, "spectrum"):
        raise OperatorError(f"the service uses network and spectrum, but {variant[0]} has a smaller loss")
    content = provenance(dataset, variant) | parameters(dataset.fit(variant, dataset.labelled))
    OUTPUT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    measure(dataset, variant, Report(report, with_plots=False))


def compare(dataset: Dataset) -> NoReturn:
    """Fit with the current cues and ridge, and exit with 1 if the weights differ from the current ones."""
    current = json.loads(OUTPUT.read_text("utf-8"))
    fitted = parameters(dataset.fit((tuple(current["cues"]), current["ridge"]), dataset.labelled))
    difference = max(float(np.abs(np.subtract(current[name], fitted[name])).max()) for name in fitted)
    print(f"maximum difference from the current weights: {difference:g}")
    raise typer.Exit(difference > TOLERANCE)


def parameters(logistic: Logistic) -> dict[str, Any]:
    """Return the parameters for ``trained/liveness.json``."""
    return {
        name: np.round(getattr(logistic, name), 5).tolist()
        for name in ("mean", "deviation", "weights", "bias", "floor")
    }


def provenance(dataset: Dataset, variant: Variant) -> dict[str, Any]:
    """Describe the training data."""
    kinds = dataset.kinds[dataset.labelled & dataset.has_face]
    counts = ", ".join(f"{int((kinds == kind).sum())} {kind or 'live'}" for kind in sorted(set(kinds)))
    return {
        "head": "liveness",
        "cues": [*variant[0]],
        "ridge": variant[1],
        "trained_on": f"{counts}: faces of NUAA and of 20 short clips, both for research",
    }


if __name__ == "__main__":
    typer.run(main)
