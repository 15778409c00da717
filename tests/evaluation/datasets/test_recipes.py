"""Recipes of cohorts."""

from collections import Counter
from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.evaluation.datasets.recipes import Recipe, age_band, is_chosen, photographs, read_recipe
from tests.support.evaluation_data import PEOPLE, SEVERAL
from tests.support.fake_models import photo


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, colour in PEOPLE.items():
        folder = tmp_path / "people" / name
        folder.mkdir(parents=True)
        for number in range(SEVERAL.get(name, 1)):
            (folder / f"{number}.png").write_bytes(photo(colour))
    rows = ["path,age,gender"]
    for age in range(0, 80, 4):
        (tmp_path / f"{age}.png").write_bytes(photo((200, 40, 40)))
        rows.append(f"{age}.png,{age},{'F' if age % 8 else 'M'}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    return tmp_path


def recipe(**values: object) -> Recipe:
    return Recipe.model_validate({"data": "squares", "sets": [values]})


def test_one_photograph_of_each_person_in_each_version(data: Path) -> None:
    found = photographs(recipe(images="people", damages=["none", "blur"]), data)
    assert Counter(each.damage for each in found) == {"": len(PEOPLE), "blur": len(PEOPLE)}
    single = photographs(recipe(images="people", single=True), data)
    assert {each.path.parent.name for each in single} == set(PEOPLE) - set(SEVERAL)


def test_groups_and_ages_of_a_csv(data: Path) -> None:
    found = photographs(recipe(images="labels.csv", groups=["gender", "age"], ages=[18, 200], importance=3), data)
    assert {each.group for each in found} == {"F 18-59 none", "M 18-59 none", "F 60-199 none", "M 60-199 none"}
    assert {each.importance for each in found} == {3}


def test_shares_are_the_same_everywhere() -> None:
    names = [f"name {number}" for number in range(1000)]
    chosen = [name for name in names if is_chosen(name, 0.3)]
    assert 250 < len(chosen) < 350
    assert set(chosen) < {name for name in names if is_chosen(name, 0.5)}
    assert is_chosen("Anna", 1.0)
    assert [age_band(age) for age in (0, 3, 4, 17, 18, 90)] == ["0-3", "0-3", "4-12", "13-17", "18-59", "60-199"]


def test_the_included_recipe_leaves_people_with_several_photographs_out() -> None:
    included = read_recipe()
    assert all(each.single for each in included.sets if each.images.startswith("lfw"))
    assert {"none", "eyes", "lower", "blur"} <= {damage for each in included.sets for damage in each.damages}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sets = 1", "data"),
        ('data = "d"\nsets = []', "sets"),
        ('data = "d"\n[[sets]]\nimages = "a"\ndamages = ["rain"]', "unknown damage rain"),
        ("[", "cannot be read"),
    ],
)
def test_an_invalid_recipe_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(OperatorError, match=message):
        read_recipe(tmp_path / "r.toml")
