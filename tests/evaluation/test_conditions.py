"""Verification by condition, with fake models."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.evaluation import conditions
from openfrs.evaluation.cohorts import MadeCohort
from openfrs.evaluation.conditions import DAMAGED, measure_damaged, measure_groups
from openfrs.evaluation.datasets.damages import DAMAGES
from openfrs.evaluation.datasets.images import people
from openfrs.evaluation.datasets.recipes import Photograph, Recipe
from openfrs.evaluation.metrics.rates import Rate
from openfrs.evaluation.runner import Runner
from tests.support.cohorts import make_cohort, make_scale
from tests.support.evaluation_data import PEOPLE
from tests.support.fake_models import FakePipeline, photo


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with Runner.open(FakePipeline(), tmp_path / "report", 1) as opened:
        yield opened


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    """Adults of one group and children, and frontal photographs with profiles."""
    data = tmp_path / "data"
    rows = ["path,age,gender,ethnicity"]
    for number, colour in enumerate(PEOPLE.values()):
        path = data / "demographics" / "images" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo(colour))
        rows.append(f"images/{number}.png,{2 if number > 2 else 30},F,asian")
    (data / "demographics" / "labels.csv").write_text("\n".join(rows))
    pairs = ["protocol,fold,a,b,same"]
    for number, colour in enumerate([PEOPLE["anna"], PEOPLE["bert"]]):
        for pose in ("frontal", "profile"):
            path = data / "cfp-dev" / str(number) / pose / "1.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(photo(colour))
        pairs += [f"FP,1,{number}/frontal/1.png,{number}/profile/1.png,1", "FP,1,0/frontal/1.png,1/profile/1.png,0"]
    (data / "cfp-dev" / "pairs.csv").write_text("\n".join(pairs))
    return data


def test_every_damage_has_a_name() -> None:
    assert set(DAMAGED) == set(DAMAGES)


def test_one_photograph_of_each_person_is_damaged(runner: Runner, tmp_path: Path) -> None:
    for name in ("anna", "bert"):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for number in range(3):
            (folder / f"{number}.png").write_bytes(photo(PEOPLE[name], side=240 + number))
    result = measure_damaged(runner, people(tmp_path / "images"), make_scale(None), "squares")
    assert [row.condition for row in result.mated] == ["undamaged", *DAMAGED.values()]
    undamaged, strangers = result.mated[0].rate, result.strangers[0].rate
    assert (undamaged.hits, undamaged.trials) == (2, 2)
    assert (strangers.hits, strangers.trials) == (0, 1)
    assert all(row.rate.trials == 2 for row in result.mated)


def test_people_with_one_photograph_cannot_be_measured(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "images" / "anna").mkdir(parents=True)
    (tmp_path / "images" / "anna" / "0.png").write_bytes(photo(PEOPLE["anna"]))
    with pytest.raises(OperatorError, match="two photographs"):
        measure_damaged(runner, people(tmp_path / "images"), make_scale(None), "squares")


def test_strangers_are_counted_by_group_and_age(runner: Runner, groups: Path) -> None:
    result = measure_groups(runner, groups, make_scale(None))
    rates: dict[str, Rate] = {row.condition: row.rate for row in result.strangers}
    assert rates["adults"].trials == rates["adults: asian, F"].trials == 3
    assert (rates["ages 0-3"].trials, rates["ages 4-12"].trials) == (1, 0)
    assert [(row.condition, row.rate.hits, row.rate.trials) for row in result.mated] == [("frontal and profile", 2, 2)]


def test_each_half_is_compared_with_a_cohort_without_it(
    runner: Runner, groups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[set[str]] = []

    def make(_runner: Runner, _recipe: Recipe, photographs: Sequence[Photograph]) -> MadeCohort:
        used.append({photograph.path.name for photograph in photographs})
        return MadeCohort(make_cohort(), 1, 0)

    monkeypatch.setattr(conditions, "make_cohort", make)
    monkeypatch.setattr(
        conditions,
        "photographs",
        lambda _recipe, data: [
            Photograph(path, "", "all", 1.0) for path in sorted((data / "demographics" / "images").iterdir())
        ],
    )
    result = measure_groups(runner, groups, make_scale(make_cohort()))
    first, second = used
    assert not first & second
    assert len(first | second) == len(PEOPLE)
    assert "made without it" in result.data
