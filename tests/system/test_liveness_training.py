"""Training the weighing of silent liveness: the same numbers each time, nobody judged by their own pictures."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

SCRIPTS = Path(__file__).parent.parent.parent / "scripts"


@pytest.fixture(scope="module")
def training() -> ModuleType:
    """``scripts/train_liveness.py``."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        told = importlib.util.spec_from_file_location("train_liveness", SCRIPTS / "train_liveness.py")
        assert told is not None
        assert told.loader is not None
        module = importlib.util.module_from_spec(told)
        sys.modules["train_liveness"] = module
        told.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPTS))
    return module


def made(training: ModuleType) -> Any:
    """Six people, each live and attacked: the network is right of all but the last, whom the spectrum gives away."""
    random = np.random.default_rng(3)
    samples, network, spectrum = [], [], []
    for person in range(6):
        for kind in ("", "phone"):
            for frame in range(10):
                samples.append(training.Sample(Path(f"{frame}"), "screen", kind, f"p{person}", f"p{person}{kind}"))
                live = 1.0 if kind == "" else -1.0
                network.append([random.normal(live * (2 if person < 5 else 0))])
                spectrum.append(random.normal(live, 1, 8))
    network[7] = [np.nan]
    spectrum[7] = np.full(8, np.nan)
    return training.Pictures(samples, {"network": np.array(network), "spectrum": np.array(spectrum)})


def test_training_comes_to_the_same_numbers(training: ModuleType) -> None:
    way = (("network", "spectrum"), 3.0)
    first, again = (training.numbers(each.taught(way, each.labelled)) for each in (made(training), made(training)))
    assert first == again
    assert len(first["weights"]) == 9
    assert all(weight > 0 for weight in first["weights"])


def test_a_stronger_ridge_has_smaller_weights(training: ModuleType) -> None:
    pictures = made(training)
    sizes = [
        np.abs(pictures.taught((("network", "spectrum"), ridge), pictures.labelled).weights).sum() for ridge in (1, 100)
    ]
    assert sizes[1] < sizes[0]


def test_every_clip_and_every_side_counts_alike(training: ModuleType) -> None:
    pictures = made(training)
    weights = pictures.weights(pictures.labelled)
    assert weights[pictures.live].sum() == pytest.approx(100)
    assert weights[~pictures.live].sum() == pytest.approx(100)
    assert weights[pictures.clips == "p0"].sum() == pytest.approx(100 / 6)


def test_nobody_is_judged_by_what_they_taught(training: ModuleType) -> None:
    pictures = made(training)
    way = (("network", "spectrum"), 3.0)
    margins = pictures.without_each(way, pictures.labelled)
    own = pictures.people == "p2"
    pictures.live = np.where(own, ~pictures.live, pictures.live)
    assert pictures.without_each(way, pictures.labelled)[own] == pytest.approx(margins[own])
    assert np.isnan(margins[7])


def test_halves_share_nobody(training: ModuleType) -> None:
    pictures = made(training)
    development, held = training.halves(pictures)
    assert development.sum() == held.sum() == 60
    assert not set(pictures.people[development]) & set(pictures.people[held])
