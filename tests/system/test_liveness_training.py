"""Training of silent liveness is deterministic, and people are measured only by models fitted to other people."""

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
        spec = importlib.util.spec_from_file_location("train_liveness", SCRIPTS / "train_liveness.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["train_liveness"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPTS))
    return module


NAMES = ("network", "spectrum")


def make_dataset(training: ModuleType) -> Any:
    """Return people before two cameras and of a set, each live and attacked; the network separates all but the last, whom the
    spectrum separates."""
    random = np.random.default_rng(3)
    samples, network, spectrum = [], [], []
    for person, source in enumerate(("camera01", "camera01", "camera02", "diverse", "diverse", "NUAA")):
        for kind in ("", "phone"):
            for _ in range(10):
                samples.append(training.Sample(source, kind, f"p{person}", f"p{person}{kind}"))
                live = 1.0 if kind == "" else -1.0
                network.append([random.normal(live * (2 if person < 5 else 0))])
                spectrum.append(random.normal(live, 1, 8))
    network[7] = [np.nan]
    spectrum[7] = np.full(8, np.nan)
    return training.Dataset(samples, {"network": np.array(network), "spectrum": np.array(spectrum)})


def test_training_is_deterministic(training: ModuleType) -> None:
    first, again = (
        training.parameters(each.fit(NAMES, 3.0, each.has_face))
        for each in (make_dataset(training), make_dataset(training))
    )
    assert first == again
    assert len(first["weights"]) == 9
    assert all(weight > 0 for weight in first["weights"])


def test_a_stronger_ridge_has_smaller_weights(training: ModuleType) -> None:
    dataset = make_dataset(training)
    sizes = [np.abs(dataset.fit(NAMES, ridge, dataset.has_face).weights).sum() for ridge in (1, 100)]
    assert sizes[1] < sizes[0]


def test_weights_balance_live_faces_and_attacks_and_their_sources(training: ModuleType) -> None:
    dataset = make_dataset(training)
    everything = np.ones(dataset.live.size, np.bool_)
    weights = dataset.weights(everything)
    assert weights[dataset.live].sum() == pytest.approx(100)
    assert weights[~dataset.live].sum() == pytest.approx(100)
    large, small = (weights[dataset.of(name)].sum() for name in ("camera01", "camera02"))
    assert large / small == pytest.approx(2**0.5)


def test_a_camera_is_left_out_whole_and_of_other_sets_people(training: ModuleType) -> None:
    dataset = make_dataset(training)
    folds = list(dataset.folds())
    assert (np.sum(folds, axis=0) == 1).all()
    for fold in folds:
        (source,) = set(dataset.sources[fold])
        if source in dataset.cameras:
            assert fold.sum() == (dataset.sources == source).sum()
        else:
            assert len(set(dataset.people[fold])) == 1


def test_margins_of_samples_left_out_do_not_depend_on_their_labels(training: ModuleType) -> None:
    dataset = make_dataset(training)
    margins = dataset.left_out(NAMES, 3.0)
    own = dataset.sources == "camera01"
    dataset.live = np.where(own, ~dataset.live, dataset.live)
    assert dataset.left_out(NAMES, 3.0)[own] == pytest.approx(margins[own], nan_ok=True)
    assert np.isnan(margins[7])


def test_the_scale_of_margins_is_that_of_log_odds(training: ModuleType) -> None:
    dataset = make_dataset(training)
    margins = dataset.left_out(NAMES, 1.0)
    slope, offset = dataset.scale(margins)
    assert slope > 0
    again = dataset.scale(slope * margins + offset)
    assert again == pytest.approx((1.0, 0.0), abs=0.01)


def test_a_certain_attack_of_the_network_is_below_the_threshold(training: ModuleType) -> None:
    dataset = make_dataset(training)
    dataset.cues["network"][0] = training.FLOOR - 1
    assert dataset.floored(np.full(dataset.live.size, 9.0))[0] == -1
