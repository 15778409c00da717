"""Verification at the recommended threshold by condition: damaged photographs, groups of people, frontal and profile faces."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError
from openfrs.recognition.scale import Scale
from openfrs.recognition.similarity import MATCH_THRESHOLD

from .cohorts import make_cohort
from .datasets.damages import DAMAGES
from .datasets.images import People, existing_files, read_csv
from .datasets.recipes import age_band, is_chosen, photographs, read_recipe
from .metrics.conditions import ConditionRow, ConditionsResult, stranger_rate
from .metrics.rates import Booleans, clustered_rate_among, rate_among
from .runner import Face, Faces, Runner

MAX_DAMAGED: Final = 250
"""Number of people whose photographs are damaged."""

SAME_PERSON: Final = 0.75
SAME_ADULT: Final = 0.475
"""Cosines above which two files of UTKFace show one person: all such pairs of adults did so, as seen by eye."""

DAMAGED: Final = {
    "jpeg": "JPEG of quality 20",
    "small": "face of 24 pixels",
    "blur": "blurred",
    "eyes": "eyes covered",
    "lower": "lower face covered",
    "dark": "a tenth of the brightness",
    "cut": "left 40 % cut off",
    **{name: f"turned by {name.removeprefix('turned-')} degrees" for name in DAMAGES if name.startswith("turned-")},
}
GROUP_SETS: Final = (("demographics", "ethnicity"), ("age-gender", "race"))
"""Sets of UTKFace chips, and the column of the ethnicity."""

CHILDREN: Final = ("0-3", "4-12", "13-17")
PROTOCOLS: Final = {"FF": "frontal and frontal", "FP": "frontal and profile"}


@dataclass(frozen=True, slots=True)
class _Chip:
    path: Path
    name: str
    band: str
    group: str


@dataclass(frozen=True, slots=True, eq=False)
class _Half:
    """Chips that are compared with each other: ``matches`` and ``different`` have shape (n, n)."""

    bands: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_]
    matches: Booleans
    different: Booleans

    def among(self, chosen: Booleans, *, same_group: bool = False) -> tuple[Booleans, Booleans]:
        compared = self.different & chosen[:, None] & chosen[None]
        if same_group:
            compared &= self.groups[:, None] == self.groups[None]
        return self.matches, compared


def measure_damaged(runner: Runner, labelled: People, scale: Scale, data: str) -> ConditionsResult:
    """Match a photograph of each person with another one that is damaged, and the damaged photographs of all with each other.

    Raises:
        OperatorError: nobody has two photographs.
    """
    by_person: dict[str, list[Path]] = {}
    for path, name in zip(labelled.paths, labelled.names, strict=True):
        by_person.setdefault(name, []).append(path)
    several = [paths for _, paths in sorted(by_person.items()) if len(paths) > 1]
    if not several:
        raise OperatorError("nobody has two photographs")
    several = several[:: max(1, -(-len(several) // MAX_DAMAGED))]
    score = scale.calibration.score(MATCH_THRESHOLD)
    reference = runner.faces([paths[0] for paths in several], Face.MAIN)
    probes = [paths[1] for paths in several]
    mated, strangers = [], []
    for damage, condition in {"": "undamaged", **DAMAGED}.items():
        damaged = runner.damaged_faces(probes, damage) if damage else runner.faces(probes, Face.MAIN)
        found = int(damaged.has_face.sum())
        reached = _paired_scores(reference, damaged, scale) >= score
        mated.append(ConditionRow(condition=condition, images=found, rate=rate_among(reached)))
        matches, compared = _matches(damaged, scale, score)
        strangers.append(ConditionRow(condition=condition, images=found, rate=stranger_rate([(matches, compared)])))
    return ConditionsResult(
        title="Damaged photographs",
        data=f"{data}: {len(several)} people; one photograph of a mated pair is damaged, both of strangers",
        models=f"embedder {runner.embedder}, the main face of each image",
        score=score,
        mated=tuple(mated),
        strangers=tuple(strangers),
    )


def measure_groups(runner: Runner, data: Path, scale: Scale) -> ConditionsResult:
    """Measure strangers by ethnicity, gender and age, and mated pairs of frontal and profile faces, of the present sets.

    The groups are behind the included cohorts, so each half is compared with a cohort that is made without it.

    Raises:
        OperatorError: a set is invalid.
    """
    runner = replace(runner, measures={})
    score = scale.calibration.score(MATCH_THRESHOLD)
    chips = list({chip.path: chip for chip in _chips(data)}.values())
    halves = list(_halves(runner, data, scale, score, chips)) if chips else []
    described = (
        [f"UTKFace, {len(chips):,} chips, cosines above {SAME_ADULT} (adults) or {SAME_PERSON} left out"]
        if chips
        else []
    )
    if chips and scale.cohort is not None:
        described.append("each half against a cohort made without it")
    mated = tuple(_poses(runner, data / "cfp-dev", scale, score))
    if mated:
        described.append("frontal and profile: CFP, development people, none of them in the cohort")
    return ConditionsResult(
        title="Groups and poses",
        data="; ".join(described),
        models=f"embedder {runner.embedder}, the main face of each image",
        score=score,
        mated=mated,
        strangers=tuple(_group_rows(halves)),
    )


def _paired_scores(first: Faces, second: Faces, scale: Scale) -> npt.NDArray[np.float64]:
    """Return the scores of the pairs; minus infinity without a face."""
    cosines = np.einsum("nd,nd->n", first.embeddings, second.embeddings).astype(np.float64)
    scores = cosines + scale.biases(first.embeddings) + scale.biases(second.embeddings)
    return np.where(first.has_face & second.has_face, scores, -np.inf)


def _matches(faces: Faces, scale: Scale, score: float) -> tuple[Booleans, Booleans]:
    """Return which pairs of faces reach the score, and which pairs there are, without the diagonal."""
    biases = scale.biases(faces.embeddings)
    matches = faces.embeddings @ faces.embeddings.T + biases[:, None] + biases[None] >= score
    compared = faces.has_face[:, None] & faces.has_face[None]
    np.fill_diagonal(compared, val=False)
    return matches, compared


def _chips(data: Path) -> Iterator[_Chip]:
    for folder, column in GROUP_SETS:
        source = data / folder / "labels.csv"
        if not source.is_file():
            continue
        rows = read_csv(source, "path", "age", "gender", column)
        paths = existing_files(source.parent, [row["path"] for row in rows], source)
        for row, path in zip(rows, paths, strict=True):
            yield _Chip(path, row["path"], age_band(int(row["age"])), f"{row[column]}, {row['gender']}")


def _halves(runner: Runner, data: Path, scale: Scale, score: float, chips: Sequence[_Chip]) -> Iterator[_Half]:
    """Yield the two halves of the chips; all chips at once if there is no cohort."""
    recipe = read_recipe()
    for first in (True, False):
        held = [chip for chip in chips if is_chosen(chip.name, 0.5) is first]
        if scale.cohort is None:
            held = list(chips)
        out = {chip.path for chip in held}
        normalised = scale
        if scale.cohort is not None:
            rest = [each for each in photographs(recipe, data) if each.path not in out]
            cohort = make_cohort(runner, recipe, rest).cohort
            normalised = Scale(scale.calibration.model_copy(update={"cohort": cohort.identity}), cohort)
        faces = runner.faces([chip.path for chip in held], Face.MAIN)
        matches, compared = _matches(faces, normalised, score)
        bands = np.array([chip.band for chip in held])
        adult = ~np.isin(bands, CHILDREN)
        limits = np.where(adult[:, None] & adult[None], SAME_ADULT, SAME_PERSON)
        different = compared & (faces.embeddings @ faces.embeddings.T <= limits)
        yield _Half(bands, np.array([chip.group for chip in held]), matches, different)
        if scale.cohort is None:
            return


def _group_rows(halves: Sequence[_Half]) -> Iterator[ConditionRow]:
    if not halves:
        return
    adults = [~np.isin(half.bands, CHILDREN) for half in halves]

    def row(condition: str, chosen: Sequence[Booleans], *, same_group: bool = False) -> ConditionRow:
        parts = [half.among(each, same_group=same_group) for half, each in zip(halves, chosen, strict=True)]
        return ConditionRow(
            condition=condition, images=sum(int(each.sum()) for each in chosen), rate=stranger_rate(parts)
        )

    yield row("adults", adults)
    yield row("adults of the same ethnicity and gender", adults, same_group=True)
    for group in sorted({str(each) for half in halves for each in half.groups}):
        chosen = [each & (half.groups == group) for half, each in zip(halves, adults, strict=True)]
        yield row(f"adults: {group}", chosen)
    for band in CHILDREN:
        yield row(f"ages {band}", [half.bands == band for half in halves])


def _poses(runner: Runner, folder: Path, scale: Scale, score: float) -> Iterator[ConditionRow]:
    """Yield the rows of CFP; an image is in the folder of its person."""
    file = folder / "pairs.csv"
    if not file.is_file():
        return
    mated = [row for row in read_csv(file, "protocol", "a", "b", "same") if row["same"] == "1"]
    for protocol, condition in PROTOCOLS.items():
        rows = [row for row in mated if row["protocol"] == protocol]
        if not rows:
            continue
        first, second = (
            runner.faces(existing_files(folder, [row[side] for row in rows], file), Face.MAIN) for side in ("a", "b")
        )
        reached = _paired_scores(first, second, scale) >= score
        people = np.unique([row["a"].split("/")[0] for row in rows], return_inverse=True)[1]
        images = int(first.has_face.sum() + second.has_face.sum())
        yield ConditionRow(condition=condition, images=images, rate=clustered_rate_among(reached, people))
