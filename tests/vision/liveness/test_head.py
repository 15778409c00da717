"""The regression of silent liveness and its cues."""

import numpy as np
import pytest

from openfrs.vision.liveness.context import context
from openfrs.vision.liveness.head import CROPS, Logistic, liveness, liveness_cues, trained_logistic
from openfrs.vision.liveness.spectrum import spectrum
from openfrs.vision.types import Detection
from tests.support.fake_session import FakeSession

IMAGE = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
FACE = Detection(90, 80, 20, 40, np.zeros((5, 2), np.float32), 1.0)


def session(live: float) -> FakeSession:
    """Return a session whose margin is ``live`` in each run."""
    return FakeSession([np.array([[live, -np.log(2), -np.log(2)]], np.float32)])


def test_the_cues_are_the_margins_of_the_crops_the_spectrum_and_the_context() -> None:
    network = session(3.0)
    cues = liveness_cues(network, IMAGE, FACE)
    assert len(network.batches) == len(CROPS)
    assert cues[: len(CROPS)] == pytest.approx([3.0] * len(CROPS), abs=1e-6)
    assert cues[len(CROPS) :] == pytest.approx([*spectrum(IMAGE, FACE), *context(IMAGE, FACE)])


def test_each_crop_is_different() -> None:
    network = session(3.0)
    liveness_cues(network, IMAGE, FACE)
    assert len({batch.tobytes() for batch in network.batches}) == len(CROPS)


def two_cues(floor: float = -np.inf) -> Logistic:
    return Logistic(np.array([1.0, 10.0]), np.array([2.0, 5.0]), np.array([1.0, -0.5]), 0.25, floor)


def test_cues_are_standardised() -> None:
    assert two_cues().margin(np.array([[1.0, 10.0], [3.0, 10.0], [1.0, 20.0]])) == pytest.approx([0.25, 1.25, -0.75])


def test_outliers_are_clipped() -> None:
    assert two_cues().margin(np.array([[1e6, 10.0], [1.0, -1e6]])) == pytest.approx([4.25, 2.25])


def test_a_margin_below_the_floor_is_never_live() -> None:
    assert two_cues(-3.0).margin(np.array([[-5.0, -100.0]])) == pytest.approx([-2.0])


def test_the_trained_regression_covers_all_cues() -> None:
    logistic = trained_logistic()
    count = liveness_cues(session(0.0), IMAGE, FACE).size
    assert logistic.mean.shape == logistic.deviation.shape == logistic.weights.shape == (count,)
    assert (logistic.deviation > 0).all()
    assert (logistic.weights[: len(CROPS)] > 0).all()


@pytest.mark.parametrize(("margin", "least", "most"), [(-12.0, 0.0, 0.01), (12.0, 0.5, 1.0)])
def test_the_network_decides_between_typical_faces(margin: float, least: float, most: float) -> None:
    logistic = trained_logistic()
    cues = logistic.mean.copy()
    cues[: len(CROPS)] = margin
    assert least <= 1 / (1 + np.exp(-float(logistic.margin(cues[None])[0]))) <= most


def test_a_certain_attack_of_the_network_is_never_live() -> None:
    assert liveness(session(-8.0), IMAGE, FACE) < 0.05
