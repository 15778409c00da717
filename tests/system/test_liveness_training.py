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


def make_dataset(training: ModuleType) -> Any:
    """Return six people, each live and attacked; the network separates all but the last, whom the spectrum separates."""
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
    return training.Dataset(samples, {"network": np.array(network), "spectrum": np.array(spectrum)})


def test_training_is_deterministic(training: ModuleType) -> None:
    variant = (("network", "spectrum"), 3.0)
    first, again = (
        training.parameters(each.fit(variant, each.labelled))
        for each in (make_dataset(training), make_dataset(training))
    )
    assert first == again
    assert len(first["weights"]) == 9
    assert all(weight > 0 for weight in first["weights"])


def test_a_stronger_ridge_has_smaller_weights(training: ModuleType) -> None:
    dataset = make_dataset(training)
    sizes = [
        np.abs(dataset.fit((("network", "spectrum"), ridge), dataset.labelled).weights).sum() for ridge in (1, 100)
    ]
    assert sizes[1] < sizes[0]


def test_weights_balance_classes_and_clips(training: ModuleType) -> None:
    dataset = make_dataset(training)
    weights = dataset.weights(dataset.labelled)
    assert weights[dataset.live].sum() == pytest.approx(100)
    assert weights[~dataset.live].sum() == pytest.approx(100)
    assert weights[dataset.clips == "p0"].sum() == pytest.approx(100 / 6)


def test_leave_one_out_does_not_fit_to_the_person_measured(training: ModuleType) -> None:
    dataset = make_dataset(training)
    variant = (("network", "spectrum"), 3.0)
    margins = dataset.leave_one_out(variant, dataset.labelled)
    own = dataset.people == "p2"
    dataset.live = np.where(own, ~dataset.live, dataset.live)
    assert dataset.leave_one_out(variant, dataset.labelled)[own] == pytest.approx(margins[own])
    assert np.isnan(margins[7])


def test_halves_have_no_person_in_common(training: ModuleType) -> None:
    dataset = make_dataset(training)
    development, held = training.halves(dataset)
    assert development.sum() == held.sum() == 60
    assert not set(dataset.people[development]) & set(dataset.people[held])
