"""The correction of estimated ages."""

import json
from importlib import resources

import numpy as np
import pytest

from openfrs.vision.attributes.demographics import estimate_age, uncorrected_age
from openfrs.vision.runtime.base import Session, Tensor
from openfrs.vision.types import Detection

POINTS = np.array([[40, 40], [60, 40], [50, 52], [42, 62], [58, 62]], np.float32)
FACE = Detection(30, 20, 40, 50, POINTS, 0.9)
IMAGE = np.full((100, 100, 3), 128, np.uint8)


class Certain(Session):
    """A session of the age network that answers one class with certainty."""

    def __init__(self, age: int) -> None:
        super().__init__()
        self.answer = np.eye(81, dtype=np.float32)[age]

    def run(self, batch: Tensor) -> list[Tensor]:
        return [self.answer[None]]


def test_the_correction_is_monotone_and_keeps_the_order() -> None:
    ages = [estimate_age(Certain(age), IMAGE, FACE) for age in range(81)]
    assert [round(uncorrected_age(Certain(age), IMAGE, FACE)) for age in range(81)] == [*range(81)]
    assert (np.diff(ages) > 0).all()
    assert ages[:11] == pytest.approx([0.25, *range(1, 11)])


def test_an_estimate_that_under_18s_often_have_is_no_adult() -> None:
    assert round(estimate_age(Certain(20), IMAGE, FACE)) < 18 < round(estimate_age(Certain(26), IMAGE, FACE))


def test_the_correction_holds_on_other_people() -> None:
    content = json.loads((resources.files("openfrs.vision.weights") / "trained" / "age.json").read_text("utf-8"))

    def figure(state: str, name: str) -> float:
        return float(content[state][name].split()[0])

    assert figure("corrected", "under_18_told_adult") <= 10 < figure("uncorrected", "under_18_told_adult")
    assert figure("corrected", "error_of_adults") <= figure("uncorrected", "error_of_adults") + 0.2
