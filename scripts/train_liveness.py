"""Weigh the cues of silent liveness, and measure what that is worth for people that taught nothing.

    python scripts/train_liveness.py DATA --report eval-report [--cues CUES.npz] [--check]

DATA is a directory of labelled sets as ``openfrs eval all`` takes it. Which cues are used, and how strong the ridge is, is chosen
by leaving out one person after another; the figures come from doing all of that again without each person in turn. Nothing is
drawn at random. ``--cues`` keeps what was seen of the pictures; ``--check`` only weighs again, and compares.
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
from openfrs.evaluation.metrics.liveness import Tried, TriedResult, liveness_result
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
WAYS: Final = (
    (NETWORK, "spectrum"),
    (NETWORK, "crops"),
    (NETWORK, "texture"),
    (NETWORK, "sharpness"),
    (NETWORK, "context"),
    (NETWORK, "crops", "spectrum"),
    (NETWORK, "spectrum", "context"),
    ("spectrum",),
)
"""What is chosen from."""

COLOURED: Final = ((NETWORK, "colours"), (NETWORK, "crops", "colours"), (NETWORK, "spectrum", "colours"))
"""What is measured beside: colours tell much of the few cameras and lamps here, and little of others."""

LABELLED: Final = ("print", "screen")
RIDGES: Final = (1.0, 3.0, 10.0)
STEPS: Final = 30
FLOOR: Final = -3.0
"""The network is 95 % sure of an attack: more than it ever was of the living in the set of prints, less than of any print."""

SAME: Final = 5e-3
"""Processors differ by so much in what the network makes of a picture."""

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Way = tuple[tuple[str, ...], float]
"""Cues and ridge."""


@dataclass(frozen=True)
class Sample:
    """A picture: of which set, of what kind ("" is live), of whom, in which clip, and by how much to pad it."""

    path: Path
    source: str
    kind: str
    person: str
    clip: str
    pad: float = 0.0


class Pictures:
    """Samples with their cues; those without a face have NaN."""

    def __init__(self, samples: Sequence[Sample], cues: Mapping[str, Floats]) -> None:
        self.cues = cues
        self.live = np.array([sample.kind == "" for sample in samples])
        self.kinds, self.people, self.clips, self.sources = (
            np.array([getattr(sample, name) for sample in samples]) for name in ("kind", "person", "clip", "source")
        )
        self.seen: Flags = np.isfinite(cues[NETWORK][:, 0])
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

    def weights(self, among: Flags) -> Floats:
        """So that living and attacks count alike, among them every set or kind, in it every clip."""
        frames = np.bincount(self._clip[among], minlength=self._group_of.size)
        clips = np.bincount(self._group_of[frames > 0], minlength=self._is_live.size)
        groups = np.bincount(self._is_live[clips > 0], minlength=2)
        own = self._group[among]
        weights = np.zeros(among.size)
        weights[among] = 100 / groups[self._is_live[own]] / clips[own] / frames[self._clip[among]]
        return weights

    def table(self, cues: Sequence[str]) -> Floats:
        """Some cues side by side."""
        return np.hstack([self.cues[name] for name in cues])

    def taught(self, way: Way, among: Flags) -> Logistic:
        """What some pictures teach."""
        among = among & self.seen
        floor = FLOOR if way[0][0] == NETWORK else -np.inf
        return fit(self.table(way[0])[among], self.live[among], self.weights(among)[among], way[1], floor)

    def without_each(self, way: Way, among: Flags, teachers: Flags | None = None) -> Floats:
        """The margin of every picture among some as other people among the ``teachers``, or among the same, teach it; else NaN."""
        teachers = among if teachers is None else teachers
        margins = np.full(among.size, np.nan)
        table = self.table(way[0])
        for person in np.unique(self._person[among]):
            own = among & (self._person == person)
            margins[own] = self.taught(way, teachers & ~own).margin(table[own])
        return margins

    def errors(self, margins: Floats, among: Flags) -> tuple[dict[str, float], float]:
        """APCER by kind, and BPCER."""
        passed = np.nan_to_num(margins, nan=-np.inf) >= 0
        kinds = sorted(set(self.kinds[among & ~self.live]))
        return {str(kind): float(passed[among & (self.kinds == kind)].mean()) for kind in kinds}, float(
            1 - passed[among & self.live].mean()
        )

    def loss(self, margins: Floats, among: Flags) -> float:
        """Mean logarithmic loss; the two sides, and the clips in them, count alike."""
        among = among & self.seen
        wrong = np.where(self.live, -margins, margins)[among]
        return float(np.average(np.logaddexp(0, wrong), weights=self.weights(among)[among]))

    def chosen(self, among: Flags, ways: Sequence[tuple[str, ...]] = WAYS) -> Way:
        """The way with the least loss where each person is judged by what the others taught."""
        return min(
            ((cues, ridge) for cues in ways for ridge in RIDGES),
            key=lambda way: self.loss(self.without_each(way, among), among),
        )


def fit(cues: Floats, live: Flags, weights: Floats, ridge: float, floor: float) -> Logistic:
    """Logistic regression on standardised and clipped cues, by Newton's method."""
    mean = np.average(cues, 0, weights)
    deviation = np.sqrt(np.average((cues - mean) ** 2, 0, weights)) + 1e-6
    steps = np.column_stack([np.clip((cues - mean) / deviation, -MAX_DEVIATION, MAX_DEVIATION), np.ones(len(cues))])
    penalty = np.diag([*[ridge] * cues.shape[1], 1e-6])
    found = np.zeros(steps.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(steps @ found, -30, 30)))
        slope = steps.T @ (weights * (chance - live)) + penalty @ found
        bend = (steps * (weights * chance * (1 - chance))[:, None]).T @ steps + penalty
        change = np.linalg.solve(bend, slope)
        found = found - change
        if np.abs(change).max() < 1e-8:
            break
    return Logistic(mean, deviation, found[:-1], float(found[-1]), floor)


def samples(data: Path) -> Iterator[Sample]:
    """Labelled pictures, then ordinary photographs of other sets, in which everybody is alive."""
    spoofs = liveness_set(data)
    if spoofs is None:
        raise OperatorError(f"{data} has no pictures about liveness")
    for (path, kind), person, clip in zip(spoofs.items, spoofs.people, spoofs.clips, strict=True):
        yield Sample(path, person.split()[0], kind, person, clip)
    for path in sorted((data / "lfw-dev" / "images").rglob("*.jpg"))[3::14]:
        yield Sample(path, "LFW", "", path.parent.name, path.name)
    with (data / "age-gender" / "labels.csv").open(encoding="utf-8", newline="") as lines:
        for row in list(csv.DictReader(lines))[::8]:
            yield Sample(data / "age-gender" / row["path"], "UTKFace", "", row["path"], row["path"], 0.3)
    for path in labelled_boxes(data / "detection" / "boxes.jsonl")[0]:
        yield Sample(path, "street", "", path.name, path.name)


def seen(found: Sequence[Sample], pipeline: ModelPipeline, session: Session, *, also_tried: bool) -> dict[str, Floats]:
    """The cues of the main face of every picture: those in use, and those that were tried."""
    rows: list[dict[str, Floats] | None] = []
    for sample in track(found, "looking"):
        image = padded(EncodedImage.from_file(sample.path).decode(), sample.pad)
        row = None
        if (main := main_face(pipeline.detect(image), image)) is not None:
            picture, face = upright(image, main)
            own = liveness_cues(session, picture, face)
            row = {NETWORK: own[:1], "spectrum": own[1:]}
            if also_tried:
                row["crops"] = crops(session, picture, face)
                row |= {name: cue(picture, face) for name, cue in CUES.items()}
        rows.append(row)
    one = next(row for row in rows if row)
    return {
        name: np.array([row[name] if row else np.full(value.size, np.nan) for row in rows])
        for name, value in one.items()
    }


def tried(name: str, pictures: Pictures, margins: Floats, taught: Callable[[Flags], Floats]) -> Tried:
    """A row of the table; ``taught`` gives the margins of ordinary photographs."""
    among = pictures.labelled
    passed, refused = pictures.errors(margins, among)
    ordinary = {}
    for source in ("LFW", "UTKFace", "street"):
        of = (pictures.sources == source) & pictures.seen
        ordinary[source] = float((taught(of) < 0).mean())
    scores = np.nan_to_num(margins, nan=-np.inf)
    result = liveness_result(pictures.live[among], pictures.kinds[among].tolist(), scores[among], data="", models="")
    return Tried(
        cues=name,
        passed=passed,
        refused=refused,
        refused_in_clips=pictures.errors(margins, among & (pictures.sources == "screen"))[1],
        equal_error_rate=result.equal_error_rate,
        ordinary=ordinary,
    )


def halves(pictures: Pictures) -> tuple[Flags, Flags]:
    """Every second person of each set is held back."""
    held = np.zeros(pictures.live.size, np.bool_)
    for source in ("print", "screen"):
        own = sorted(set(pictures.people[pictures.sources == source]))
        held |= np.isin(pictures.people, own[1::2]) & (pictures.sources == source)
    return pictures.labelled & ~held, held


def measure(pictures: Pictures, way: Way, report: Report) -> TriedResult:
    """Put the figures into a report."""
    among, network = pictures.labelled, pictures.cues[NETWORK][:, 0]

    def add(name: str, margins: Floats, of: Flags, models: str) -> None:
        result = liveness_result(
            pictures.live[of],
            pictures.kinds[of].tolist(),
            sigmoid(margins)[of],
            data=f"NUAA prints and frames of clips, {int(of.sum())} pictures",
            models=models,
            people=pictures.people[of].tolist(),
            clips=pictures.clips[of].tolist(),
        )
        report.add(name, result)

    nested = np.full(among.size, np.nan)
    picked = []
    for person in sorted(set(pictures.people[among])):
        own = among & (pictures.people == person)
        picked.append(pictures.chosen(among & ~own))
        nested[own] = pictures.taught(picked[-1], among & ~own).margin(pictures.table(picked[-1][0])[own])
    print("chosen without each person:", picked)
    add("liveness-left-out", nested, among, "cues chosen and weighed anew without each person")
    add("liveness-network", network, among, "the network alone")
    development, held = halves(pictures)
    best = pictures.chosen(development)
    print("chosen on the development half:", best)
    for name, of, models in (
        ("liveness-held-back", way, "the same cues, weighed on the development half"),
        ("liveness-held-back-chosen", best, f"{', '.join(best[0])}: chosen and weighed on the development half"),
    ):
        add(name, pictures.taught(of, development).margin(pictures.table(of[0])), held, models)

    def row(name: str, of: Way, margins: Floats) -> Tried:
        return tried(
            name, pictures, margins, lambda which: pictures.taught(of, among).margin(pictures.table(of[0])[which])
        )

    rows = [tried("network alone", pictures, network, lambda which: network[which])]
    for cues in (*WAYS, *COLOURED):
        best = pictures.chosen(among, [cues])
        rows.append(row(", ".join(cues), best, pictures.without_each(best, among)))
    rows.append(row("chosen anew without each person", way, nested))
    for kind in ("phone", "monitor", "print"):
        margins = pictures.without_each(way, among, among & (pictures.kinds != kind))
        rows.append(row(f"{', '.join(way[0])}; no {kind} taught", way, margins))
    result = TriedResult(
        data=f"NUAA prints and frames of clips, {int(among.sum())} pictures",
        models="each person judged by what the others taught, ordinary photographs by what all taught",
        tried=tuple(rows),
    )
    report.add("liveness-tried", result)
    return result


def main(
    data: Path,
    report: Annotated[Path, typer.Option(help="Where figures go.")],
    cues: Annotated[Path | None, typer.Option(help="Keeps what was seen of the pictures.")] = None,
    check: Annotated[bool, typer.Option(help="Only compare with the weights that are there.")] = False,
) -> None:
    """Train, measure and write the weighing."""
    found = [sample for sample in samples(data) if not check or sample.source in LABELLED]
    if cues is not None and cues.is_file():
        with np.load(cues) as kept:
            values = dict(kept)
    else:
        weights = WeightCache.open(Settings().models)
        session = Runtime(1).session(weights.path("liveness"))
        values = seen(found, ModelPipeline(weights, Runtime(1)), session, also_tried=not check)
        if cues is not None:
            np.savez(cues, **values)  # type: ignore[arg-type]
    pictures = Pictures(found, values)
    if check:
        compare(pictures)
    way = pictures.chosen(pictures.labelled)
    print("chosen:", way)
    if way[0] != (NETWORK, "spectrum"):
        raise OperatorError(f"the service weighs network and spectrum, but {way[0]} is better")
    told = note(pictures, way) | numbers(pictures.taught(way, pictures.labelled))
    OUTPUT.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    measure(pictures, way, Report(report, with_plots=False))


def compare(pictures: Pictures) -> NoReturn:
    """Weigh again as the weights that are there were, and end the program: well where they are the same."""
    old = json.loads(OUTPUT.read_text("utf-8"))
    new = numbers(pictures.taught((tuple(old["cues"]), old["ridge"]), pictures.labelled))
    worst = max(float(np.abs(np.subtract(old[name], new[name])).max()) for name in new)
    print(f"greatest difference from the weights that are there: {worst:g}")
    raise typer.Exit(worst > SAME)


def numbers(taught: Logistic) -> dict[str, Any]:
    """As ``trained/liveness.json`` has them."""
    return {
        name: np.round(getattr(taught, name), 5).tolist() for name in ("mean", "deviation", "weights", "bias", "floor")
    }


def note(pictures: Pictures, way: Way) -> dict[str, Any]:
    """What the weights come from."""
    kinds = pictures.kinds[pictures.labelled & pictures.seen]
    counts = ", ".join(f"{int((kinds == kind).sum())} {kind or 'live'}" for kind in sorted(set(kinds)))
    return {
        "head": "liveness",
        "cues": [*way[0]],
        "ridge": way[1],
        "trained_on": f"{counts}: faces of NUAA and of 20 short clips, both for research",
    }


if __name__ == "__main__":
    typer.run(main)
