"""Fit the logistic regression of silent liveness and measure it on cameras and people outside the training set.

    python scripts/train_liveness.py DATA --report eval-report [--cues CUES.npz] [--check]

DATA is a directory of labelled sets as for ``openfrs eval all``. Each webcam in turn is left out; of the other sets, a fifth of the
people. Nothing is random. ``--cues`` caches the cues of all images; ``--check`` only repeats the fit and compares the weights.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import numpy as np
import typer

from liveness_samples import (
    CLIPS,
    DIVERSE,
    NETWORK,
    ORDINARY,
    PRINTS,
    WIDE,
    Floats,
    Sample,
    extract_cues,
    image_samples,
    webcams,
)
from openfrs.core.settings import Settings
from openfrs.evaluation.metrics.liveness import (
    THRESHOLD,
    CueTrial,
    CueTrialsResult,
    LivenessResult,
    LivenessSource,
    LivenessSourcesResult,
    liveness_result,
)
from openfrs.evaluation.metrics.liveness_errors import (
    ClipRate,
    LivenessByClipResult,
    LivenessFailuresResult,
    failures_of,
)
from openfrs.evaluation.metrics.rates import clustered_rate_among, rate_among
from openfrs.evaluation.report.report import Report
from openfrs.vision.liveness.head import MAX_DEVIATION, Logistic, sigmoid
from openfrs.vision.pipeline import ModelPipeline
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.weights.cache import WeightCache

OUTPUT: Final = Path(__file__).parent.parent / "src" / "openfrs" / "vision" / "weights" / "trained" / "liveness.json"

IN_USE: Final = (NETWORK, WIDE, "spectrum", "context")
"""Cues of the service, in the order of :func:`openfrs.vision.liveness.head.liveness_cues`."""

FORMER: Final = (NETWORK, "spectrum")
"""Cues of the first regression, which was trained on prints and clips only."""

OTHERS: Final = (
    (NETWORK,),
    (NETWORK, WIDE),
    FORMER,
    (NETWORK, "context"),
    (NETWORK, WIDE, "spectrum"),
    (NETWORK, "spectrum", "context"),
    (*IN_USE, "sharpness"),
    (*IN_USE, "colours"),
    (*IN_USE, "texture"),
)
"""Combinations of cues that are measured for comparison."""

RIDGES: Final = (1.0, 3.0, 10.0)
STEPS: Final = 30
FOLDS: Final = 5
FLOOR: Final = -4.5
"""Log odds at which the network is 98.9 % certain of an attack. Of -5, -4.5, -4 and -3.5 it is the highest with a BPCER below 8 %
before webcams; it keeps the APCER of NUAA's prints below 1 %."""

TOLERANCE: Final = 5e-3
"""Maximum difference of the network's output between processors."""

MIN_FACES: Final = 5
"""Fewest live faces of a person whose error rate is counted."""

Flags = np.ndarray[Any, np.dtype[np.bool_]]


class Dataset:
    """Samples with their cues; NaN for images without a face."""

    def __init__(self, samples: Sequence[Sample], cues: dict[str, Floats]) -> None:
        self.cues = cues
        self.live: Flags = np.array([sample.kind == "" for sample in samples])
        self.kinds, self.people, self.clips, self.sources = (
            np.array([getattr(sample, name) for sample in samples]) for name in ("kind", "person", "clip", "source")
        )
        self.has_face: Flags = np.isfinite(cues[NETWORK][:, 0])
        self.cameras = [str(source) for source in np.unique(self.sources) if source.startswith("camera")]

    def of(self, *sources: str) -> Flags:
        """Return which samples belong to any of the sources."""
        return np.isin(self.sources, sources)

    def weights(self, subset: Flags) -> Floats:
        """Return weights that balance live faces and attacks; within each, a source counts as the root of its size."""
        weights = np.zeros(subset.size)
        for of_label in (subset & self.live, subset & ~self.live):
            for source in np.unique(self.sources[of_label]):
                members = of_label & (self.sources == source)
                weights[members] = 1 / np.sqrt(members.sum())
            weights[of_label] *= 100 / weights[of_label].sum()
        return weights

    def table(self, names: Sequence[str]) -> Floats:
        """Return several cues as one table."""
        return np.hstack([self.cues[name] for name in names])

    def fit(self, names: Sequence[str], ridge: float, subset: Flags) -> Logistic:
        """Fit the regression, without a floor, to some of the samples."""
        subset = subset & self.has_face
        return fit(self.table(names)[subset], self.live[subset], self.weights(subset)[subset], ridge)

    def folds(self) -> Iterator[Flags]:
        """Yield the samples to leave out: each camera, and of every other source each fifth of the people."""
        for source in np.unique(self.sources):
            members = self.sources == source
            if source in self.cameras:
                yield members
                continue
            people = np.unique(self.people[members])
            for start in range(min(FOLDS, people.size)):
                yield members & np.isin(self.people, people[start::FOLDS])

    def left_out(self, names: Sequence[str], ridge: float, training: Flags | None = None) -> Floats:
        """Return the margin of each sample, without a floor, fitted to the ``training`` samples of the other folds."""
        margins, table = np.full(self.live.size, np.nan), self.table(names)
        training = self.has_face if training is None else training
        for fold in self.folds():
            margins[fold] = self.fit(names, ridge, training & ~fold).margin(table[fold])
        return margins

    def loss(self, margins: Floats) -> float:
        """Return the mean logarithmic loss, weighted as for the fit."""
        opposite = np.where(self.live, -margins, margins)[self.has_face]
        return float(np.average(np.logaddexp(0, opposite), weights=self.weights(self.has_face)[self.has_face]))

    def select(self, names: Sequence[str]) -> tuple[float, Floats]:
        """Return the ridge with the smallest loss on samples left out, and their margins."""
        trials = [(ridge, self.left_out(names, ridge)) for ridge in RIDGES]
        return min(trials, key=lambda trial: self.loss(trial[1]))

    def scale(self, margins: Floats) -> tuple[float, float]:
        """Return slope and offset that calibrate margins of samples left out to log odds."""
        known = self.has_face
        line = fit(margins[known, None], self.live[known], self.weights(known)[known], ridge=1e-3)
        slope = float(line.weights[0] / line.deviation[0])
        return slope, line.bias - slope * float(line.mean[0])

    def floored(self, margins: Floats) -> Floats:
        """Apply the floor of the network's margin."""
        return np.minimum(margins, self.cues[NETWORK][:, 0] - FLOOR)

    def result(self, margins: Floats, subset: Flags, data: str, *, clips: bool = False) -> LivenessResult:
        """Return the error rates of the samples in ``subset``, and with ``clips`` also those of clips."""
        return liveness_result(
            self.live[subset],
            self.kinds[subset].tolist(),
            sigmoid(margins[subset]),
            data=f"{data}, {int(subset.sum()):,} faces",
            models="left out of training",
            people=self.people[subset].tolist(),
            clips=self.clips[subset].tolist() if clips else (),
        )


def fit(cues: Floats, live: Flags, weights: Floats, ridge: float) -> Logistic:
    """Fit a logistic regression, without a floor, to standardised and clipped cues by Newton's method."""
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
    return Logistic(mean, deviation, coefficients[:-1], float(coefficients[-1]), -np.inf)


def cue_trial(name: str, dataset: Dataset, margins: Floats) -> CueTrial:
    """Return the error rates of a combination of cues; ``margins`` are those of samples left out."""
    slope, offset = dataset.scale(margins)
    scaled = dataset.floored(slope * margins + offset)
    figures = {}
    for title, sources in {"webcams": dataset.cameras, DIVERSE: [DIVERSE], PRINTS: [PRINTS], CLIPS: [CLIPS]}.items():
        figures[f"EER, {title}"] = dataset.result(scaled, dataset.of(*sources), title).equal_error_rate
    figures["BPCER, photographs"] = float(1 - (scaled[dataset.of(*ORDINARY) & dataset.has_face] >= 0).mean())
    return CueTrial(cues=name, figures=figures)


def compare_cues(dataset: Dataset, ridge: float, chosen: Floats) -> CueTrialsResult:
    """Compare combinations of cues, the former training set, and training without each kind of attack."""
    former = dataset.left_out(FORMER, 1.0, dataset.has_face & dataset.of(PRINTS, CLIPS))
    trials = [cue_trial("as in the first version, trained on NUAA and clips", dataset, former)]
    trials += [cue_trial(", ".join(names), dataset, dataset.select(names)[1]) for names in OTHERS]
    trials.append(cue_trial(f"in use: {', '.join(IN_USE)}", dataset, chosen))
    for kinds in (["phone"], ["phone", "monitor", "device", "other screen"], ["print"]):
        training = dataset.has_face & ~np.isin(dataset.kinds, kinds)
        name = f"in use, trained without {', '.join(kinds)}"
        trials.append(cue_trial(name, dataset, dataset.left_out(IN_USE, ridge, training)))
    return CueTrialsResult(
        data=f"{int(dataset.has_face.sum()):,} faces",
        models="each camera left out, of the other sets a fifth of the people",
        tried=tuple(trials),
    )


def by_source(dataset: Dataset, ridge: float, margins: Floats) -> LivenessSourcesResult:
    """Measure each source, and those with images also without any of their images in the training set."""
    passed = np.nan_to_num(margins, nan=-np.inf) >= 0

    def source(name: str, subset: Flags, passed: Flags) -> LivenessSource:
        live, attacks = subset & dataset.live, subset & ~dataset.live
        people = np.unique(dataset.people, return_inverse=True)[1]
        return LivenessSource(
            source=name,
            refused=clustered_rate_among(~passed[live], people[live]),
            passed=clustered_rate_among(passed[attacks], people[attacks]) if attacks.any() else None,
        )

    rows = [source(name, dataset.of(name), passed) for name in (*dataset.cameras, DIVERSE, PRINTS, CLIPS, *ORDINARY)]
    for name in (DIVERSE, PRINTS, CLIPS):
        subset = dataset.of(name)
        others = dataset.fit(IN_USE, ridge, ~subset).margin(dataset.table(IN_USE))
        accepted = np.nan_to_num(dataset.floored(others), nan=-np.inf) >= 0
        rows.append(source(f"{name}, none of it in training", subset, accepted))
    live = dataset.live & dataset.of(*dataset.cameras)
    faces = {person: passed[live & (dataset.people == person)] for person in np.unique(dataset.people[live])}
    refused = sorted(1 - float(accepted.mean()) for accepted in faces.values() if accepted.size >= MIN_FACES)
    return LivenessSourcesResult(
        data="faces left out of training",
        models="one image at a time",
        sources=tuple(rows),
        people=len(refused),
        refused_by_person=tuple(float(each) for each in np.quantile(refused, (0.5, 0.9, 1.0))),
    )


def by_clip(dataset: Dataset, margins: Floats) -> LivenessByClipResult:
    """Measure each clip, first live ones."""
    passed = np.nan_to_num(margins, nan=-np.inf) >= 0
    clips = {
        (str(dataset.kinds[each]), str(dataset.people[each]), str(dataset.clips[each]))
        for each in np.flatnonzero(dataset.of(CLIPS))
    }
    return LivenessByClipResult(
        data=f"{len(clips)} clips",
        models="left out of training",
        clips=tuple(
            ClipRate(
                person=person.split()[-1],
                kind=kind or "live",
                passed=rate_among(passed[dataset.of(CLIPS) & (dataset.clips == clip)]),
            )
            for kind, person, clip in sorted(clips)
        ),
    )


def failures(dataset: Dataset, ridge: float, margins: Floats) -> LivenessFailuresResult:
    """Describe the faces decided wrongly. The cues are weighed as by the regression fitted to all samples."""
    logistic = dataset.fit(IN_USE, ridge, dataset.has_face)
    inputs = np.clip((dataset.table(IN_USE) - logistic.mean) / logistic.deviation, -MAX_DEVIATION, MAX_DEVIATION)
    ends = np.cumsum([dataset.cues[name].shape[1] for name in IN_USE])[:-1]
    parts = np.split(inputs * logistic.weights, ends, axis=1)
    groups = dict.fromkeys(dataset.cameras, "webcams") | dict.fromkeys(ORDINARY, "photographs")
    return LivenessFailuresResult(
        data=f"{int(dataset.has_face.sum()):,} faces",
        models="left out of training",
        failures=failures_of(
            dataset.live,
            [groups.get(str(source), str(source)) for source in dataset.sources],
            dataset.kinds.tolist(),
            sigmoid(margins),
            {name: part.sum(axis=1) for name, part in zip(IN_USE, parts, strict=True)},
            THRESHOLD,
        ),
    )


def measure(dataset: Dataset, ridge: float, margins: Floats, report: Report) -> None:
    """Add the figures to a report."""
    slope, offset = dataset.scale(margins)
    scaled = dataset.floored(slope * margins + offset)
    webcams = f"{len(dataset.cameras)} webcams, each left out in turn"
    report.add("liveness-webcams", dataset.result(scaled, dataset.of(*dataset.cameras), webcams))
    report.add("liveness-diverse", dataset.result(scaled, dataset.of(DIVERSE), "images of many people and devices"))
    report.add("liveness-prints", dataset.result(scaled, dataset.of(PRINTS), "NUAA prints", clips=True))
    report.add("liveness-clips", dataset.result(scaled, dataset.of(CLIPS), "frames of clips", clips=True))
    report.add("liveness-by-clip", by_clip(dataset, scaled))
    report.add("liveness-failures", failures(dataset, ridge, scaled))
    report.add("liveness-sources", by_source(dataset, ridge, scaled))
    report.add("liveness-tried", compare_cues(dataset, ridge, margins))


def load(data: Path, cache: Path | None) -> Dataset:
    """Load all samples with their cues, from the ``cache`` if it exists."""
    camera_samples, camera_cues = webcams(data)
    samples = list(image_samples(data))
    if cache is not None and cache.is_file():
        with np.load(cache) as cached:
            cues = dict(cached)
    else:
        weights = WeightCache.open(Settings().models)
        session = Runtime(1).session(weights.path("liveness"))
        cues = extract_cues(samples, ModelPipeline(weights, Runtime(1)), session)
        if cache is not None:
            np.savez(cache, **cues)  # type: ignore[arg-type]
    return Dataset(
        [*camera_samples, *samples], {name: np.vstack([camera_cues[name], values]) for name, values in cues.items()}
    )


def main(
    data: Path,
    report: Annotated[Path, typer.Option(help="Directory of the report.")],
    cues: Annotated[Path | None, typer.Option(help="Cache file of the cues.")] = None,
    check: Annotated[bool, typer.Option(help="Only compare with the current weights.")] = False,
) -> None:
    """Fit the regression, write its weights and measure it."""
    dataset = load(data, cues)
    ridge, margins = dataset.select(IN_USE)
    slope, offset = dataset.scale(margins)
    fitted = dataset.fit(IN_USE, ridge, dataset.has_face)
    scaled = replace(fitted, weights=slope * fitted.weights, bias=slope * fitted.bias + offset, floor=FLOOR)
    print(f"ridge {ridge:g}, loss {dataset.loss(margins):.3f}, slope {slope:.3f}, offset {offset:.3f}")
    if check:
        compare(parameters(scaled))
    OUTPUT.write_text(json.dumps(provenance(dataset, ridge) | parameters(scaled), indent=2) + "\n", encoding="utf-8")
    measure(dataset, ridge, margins, Report(report, with_plots=False))


def compare(fitted: dict[str, Any]) -> NoReturn:
    """Exit with 1 if the weights differ from the current ones."""
    current = json.loads(OUTPUT.read_text("utf-8"))
    difference = max(float(np.abs(np.subtract(current[name], fitted[name])).max()) for name in fitted)
    print(f"maximum difference from the current weights: {difference:g}")
    raise typer.Exit(difference > TOLERANCE)


def parameters(logistic: Logistic) -> dict[str, Any]:
    """Return the parameters for ``trained/liveness.json``."""
    return {
        name: np.round(getattr(logistic, name), 5).tolist()
        for name in ("mean", "deviation", "weights", "bias", "floor")
    }


def provenance(dataset: Dataset, ridge: float) -> dict[str, Any]:
    """Describe the training data."""
    kinds = dataset.kinds[dataset.has_face]
    counts = ", ".join(f"{int((kinds == kind).sum())} {kind or 'live'}" for kind in sorted(set(kinds)))
    return {
        "head": "liveness",
        "cues": [*IN_USE],
        "ridge": ridge,
        "trained_on": f"{counts}: faces of {len(dataset.cameras)} webcams, of a set of many people and devices, of NUAA and of 20 "
        "short clips, all for research; live faces also of LFW, UTKFace and street photographs",
    }


if __name__ == "__main__":
    typer.run(main)
