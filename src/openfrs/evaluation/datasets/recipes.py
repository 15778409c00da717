"""Recipes of cohorts: the sets of photographs behind a cohort, their groups and damages, in TOML."""

import tomllib
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from openfrs.core.errors import OperatorError

from .damages import DAMAGES
from .images import existing_files, people, read_csv

UNDAMAGED: Final = "none"

AGE_BANDS: Final = (0, 4, 13, 18, 60, 200)
"""Edges of the age bands in years."""

Share = Annotated[float, Field(gt=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PhotographSet(_Part):
    """A set of photographs in a recipe."""

    images: str
    """Folder with one folder per person, or a CSV with the column ``path``; relative to the data directory."""

    share: Share = 1.0
    """Share of the people, or of the photographs of a CSV, that is used; it is chosen by a hash of their names."""

    single: bool = False
    """Only people with one photograph. Of other people one photograph is used."""

    groups: tuple[str, ...] = ()
    """Columns of the CSV whose values form the groups; ``age`` is grouped into bands."""

    ages: tuple[int, int] | None = None
    """Only rows of the CSV with an age from the first to below the second number of years."""

    importance: Annotated[float, Field(gt=0)] = 1.0
    """Weight of each group of the set, relative to the groups of other sets."""

    damages: tuple[str, ...] = (UNDAMAGED,)
    """Versions of each photograph: ``none`` or names of :data:`~openfrs.evaluation.datasets.damages.DAMAGES`."""

    @field_validator("damages")
    @classmethod
    def _are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(names) - {UNDAMAGED, *DAMAGES}:
            raise ValueError(f"unknown damage {', '.join(sorted(unknown))}; choose from none, {', '.join(DAMAGES)}")
        return names


class Recipe(_Part):
    """How a cohort is made."""

    data: str
    """Description of the photographs."""

    centroids: Annotated[int, Field(ge=1, le=65_536)] = 512
    """Maximum number of centroids."""

    neighbours: Annotated[int, Field(ge=1)] = 5
    weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    weights: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    """Weights of particular embedders, by name."""

    sets: Annotated[tuple[PhotographSet, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph of a recipe: its damage, and its group, within which photographs are equally important."""

    path: Path
    damage: str
    group: str
    importance: float


def read_recipe(file: Path | None = None) -> Recipe:
    """Read a recipe, or that of the cohorts in this package.

    Raises:
        OperatorError: the file is invalid.
    """
    try:
        text = (file or resources.files(__package__) / "cohort.toml").read_text("utf-8")
        return Recipe.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise OperatorError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise OperatorError(f"recipe {file} cannot be read: {error}") from error


def photographs(recipe: Recipe, data: Path) -> list[Photograph]:
    """Return the photographs of a recipe.

    Raises:
        OperatorError: a set is missing or invalid.
    """
    return [each for photograph_set in recipe.sets for each in _photographs_of(photograph_set, data)]


def cohort_paths(data: Path) -> set[Path]:
    """Return the photographs in a data directory that are behind the cohorts in this package, without missing sets."""
    recipe = read_recipe()
    present = [each for each in recipe.sets if (data / each.images).exists()]
    return {photograph.path for each in present for photograph in _photographs_of(each, data)}


def is_chosen(name: str, share: float) -> bool:
    """Return whether a person or a photograph with this name is among the given share; the same on every machine."""
    return zlib.crc32(name.encode()) < share * 2**32


def age_band(age: int) -> str:
    """Return the age band of an age in years, such as ``4-12``."""
    return next(f"{low}-{high - 1}" for low, high in pairwise(AGE_BANDS) if age < high)


def _photographs_of(photograph_set: PhotographSet, data: Path) -> Iterator[Photograph]:
    source = data / photograph_set.images
    chosen = _from_csv(photograph_set, source) if source.suffix == ".csv" else _from_folder(photograph_set, source)
    for path, group in chosen:
        for damage in photograph_set.damages:
            yield Photograph(
                path, "" if damage == UNDAMAGED else damage, f"{group} {damage}", photograph_set.importance
            )


def _from_folder(photograph_set: PhotographSet, source: Path) -> Sequence[tuple[Path, str]]:
    labelled = people(source)
    counts = Counter(labelled.names)
    first = dict(zip(reversed(labelled.names), reversed(labelled.paths), strict=True))
    return [
        (first[name], photograph_set.images)
        for name in sorted(first)
        if is_chosen(name, photograph_set.share) and not (photograph_set.single and counts[name] > 1)
    ]


def _from_csv(photograph_set: PhotographSet, source: Path) -> Sequence[tuple[Path, str]]:
    low, high = photograph_set.ages or (0, AGE_BANDS[-1])
    columns = {*photograph_set.groups, *(["age"] if photograph_set.ages else [])}
    rows = [
        row
        for row in read_csv(source, "path", *columns)
        if is_chosen(row["path"], photograph_set.share)
        and (photograph_set.ages is None or low <= int(row["age"]) < high)
    ]
    paths = existing_files(source.parent, [row["path"] for row in rows], source)
    groups = [
        " ".join(age_band(int(row[name])) if name == "age" else row[name] for name in photograph_set.groups)
        for row in rows
    ]
    return [(path, group or photograph_set.images) for path, group in zip(paths, groups, strict=True)]
