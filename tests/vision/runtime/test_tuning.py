"""Choice of runtime and precision: processor capabilities, tuning results and settings."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.vision.loading import create_runtime
from openfrs.vision.runtime import tuning
from openfrs.vision.runtime.base import DEFAULT_EXECUTION, ExecutionConfig
from openfrs.vision.runtime.onnxruntime import OnnxRuntimeSession
from openfrs.vision.runtime.session import Runtime
from openfrs.vision.runtime.tuning import Choice, Tuner, Tuning
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.manifest import Accuracy, manifest
from tests.support.archives import manifest_of, source_archive, wheel

BF16 = ExecutionConfig(precision="bf16")
ONNX = ExecutionConfig("onnxruntime")
RIGHT = Accuracy(right=0.99, true_match_rate=0.99)


@pytest.fixture
def tiny_weights(tmp_path: Path) -> WeightCache:
    """Two tiny weights; only the first has an accuracy in bf16."""
    whole = manifest_of(wheel(tmp_path), source_archive(tmp_path))
    one = whole.weights["one"].model_copy(update={"variants": {"f32": RIGHT, "bf16": RIGHT}})
    cache = WeightCache(tmp_path / "models", whole.model_copy(update={"weights": {**whole.weights, "one": one}}))
    cache.import_file(tmp_path / whole.artefacts["tinyweights"].filename)
    return cache


@pytest.fixture
def two_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_onnxruntime", lambda: {"onnxruntime": "1.0"})


@pytest.fixture
def one_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_onnxruntime", dict)


def store_result(tuner: Tuner, name: str, sha256: str, execution: ExecutionConfig) -> None:
    """Store a tuning result."""
    choice = Choice(sha256=sha256, provider=execution.provider, precision=execution.precision, milliseconds={})
    results = Tuning(processor="", runtimes={}, weights={name: choice})
    tuner.file.write_text(results.model_dump_json())


def test_bf16_needs_a_known_accuracy_and_a_processor_that_supports_it(
    tiny_weights: WeightCache,
) -> None:
    assert Tuner(tiny_weights, {"FP32", "BF16"}).execution_configs() == {"one": BF16, "two": DEFAULT_EXECUTION}
    assert Tuner(tiny_weights, {"FP32", "INT8"}).execution_configs() == {
        "one": DEFAULT_EXECUTION,
        "two": DEFAULT_EXECUTION,
    }


def test_single_precision_can_be_set(tiny_weights: WeightCache) -> None:
    assert Tuner(tiny_weights, {"BF16"}).execution_configs(precision="f32") == {
        "one": DEFAULT_EXECUTION,
        "two": DEFAULT_EXECUTION,
    }


@pytest.mark.usefixtures("two_runtimes")
def test_onnx_runtime_can_be_set(tiny_weights: WeightCache) -> None:
    assert Tuner(tiny_weights, {"BF16"}).execution_configs("onnxruntime") == {"one": ONNX, "two": ONNX}


@pytest.mark.usefixtures("two_runtimes")
def test_the_tuned_configuration_is_used(tiny_weights: WeightCache) -> None:
    tuner, sha256 = Tuner(tiny_weights, {"BF16"}), tiny_weights.manifest.weights["one"].sha256
    store_result(tuner, "one", sha256, ONNX)
    assert tuner.execution_configs() == {"one": ONNX, "two": DEFAULT_EXECUTION}
    assert tuner.execution_configs("openvino") == {"one": BF16, "two": DEFAULT_EXECUTION}
    store_result(tuner, "one", sha256, DEFAULT_EXECUTION)
    assert tuner.execution_configs() == {"one": DEFAULT_EXECUTION, "two": DEFAULT_EXECUTION}


@pytest.mark.usefixtures("two_runtimes")
def test_results_of_other_weights_are_ignored(tiny_weights: WeightCache) -> None:
    tuner = Tuner(tiny_weights, {"BF16"})
    store_result(tuner, "one", "0" * 64, ONNX)
    assert tuner.execution_configs()["one"] == BF16


def test_an_unsupported_configuration_is_ignored(tiny_weights: WeightCache) -> None:
    tuner = Tuner(tiny_weights, {"FP32"})
    store_result(tuner, "one", tiny_weights.manifest.weights["one"].sha256, BF16)
    assert tuner.execution_configs()["one"] == DEFAULT_EXECUTION


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"weights": {"one": {}}}'])
def test_an_invalid_tuning_file_is_ignored(tiny_weights: WeightCache, content: bytes) -> None:
    tuner = Tuner(tiny_weights, {"BF16"})
    tuner.file.write_bytes(content)
    assert tuner.execution_configs()["one"] == BF16


def test_each_processor_and_release_has_its_own_tuning_file(
    tiny_weights: WeightCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Tuner(tiny_weights).file
    assert here == Tuner(tiny_weights).file
    monkeypatch.setattr(tuning, "processor", lambda: "another")
    elsewhere = Tuner(tiny_weights).file
    monkeypatch.setattr(tuning, "_onnxruntime", lambda: {"onnxruntime": "another"})
    assert len({here, elsewhere, Tuner(tiny_weights).file}) == 3


def test_missing_weights_are_omitted(tiny_weights: WeightCache) -> None:
    tiny_weights.path("two").unlink()
    assert Tuner(tiny_weights, ()).execution_configs() == {"one": DEFAULT_EXECUTION}


@pytest.mark.parametrize(
    ("device", "provider"), [("GPU", "openvino"), ("GPU.1", "openvino"), ("CUDAExecutionProvider", "onnxruntime")]
)
def test_another_device_uses_its_runtime_in_single_precision(
    tiny_weights: WeightCache, device: str, provider: str
) -> None:
    runtime = create_runtime(Settings(device=device), tiny_weights, 1)
    assert {str(config) for config in [*runtime.execution_configs.values(), runtime.custom_execution]} == {
        f"{provider} f32 {device}"
    }
    with pytest.raises(OperatorError, match=device.partition(".")[0]):
        runtime.session(tiny_weights.path("one"))


def test_the_error_for_a_missing_runtime_names_the_package_to_install(
    tiny_weights: WeightCache, monkeypatch: pytest.MonkeyPatch, one_runtime: None
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    runtime = create_runtime(Settings(provider="onnxruntime"), tiny_weights, 1)
    with pytest.raises(OperatorError, match=r"pip install 'openfrs\[onnxruntime\]'"):
        runtime.session(tiny_weights.path("one"))


def test_each_precision_in_the_manifest_has_nearly_the_accuracy_of_f32() -> None:
    varied = {name: weight.variants for name, weight in manifest().weights.items() if weight.variants}
    assert varied.keys() == {"yunet", "sface", "fr_feature"}
    for variants in varied.values():
        plain = variants["f32"]
        for variant in variants.values():
            assert round(plain.right - variant.right, 4) <= 0.001
            assert round(plain.true_match_rate - variant.true_match_rate, 4) <= 0.003


@pytest.mark.parametrize(("milliseconds", "chosen"), [(8.0, ONNX), (9.5, DEFAULT_EXECUTION), (20.0, DEFAULT_EXECUTION)])
def test_a_configuration_replaces_the_default_if_it_is_a_tenth_faster(
    tiny_weights: WeightCache, monkeypatch: pytest.MonkeyPatch, milliseconds: float, chosen: ExecutionConfig
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(tuning, "_medians", lambda sessions, _: {DEFAULT_EXECUTION: 10.0, ONNX: milliseconds})
    tuner = Tuner(tiny_weights, ())
    assert tuner.tune().weights["one"].milliseconds == {"openvino f32": 10, "onnxruntime f32": milliseconds}
    assert tuner.execution_configs()["one"] == chosen


@pytest.mark.models
def test_tuning_measures_every_candidate_and_stores_the_results(
    weights: WeightCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    for name in ("yunet", "sface"):
        (tmp_path / weights.path(name).name).symlink_to(weights.path(name))
    monkeypatch.setattr(tuning, "_ROUNDS", 2)
    monkeypatch.setattr(tuning, "_RUNS", 1)
    tuner = Tuner(WeightCache(tmp_path, weights.manifest))
    results = tuner.tune()
    assert results.weights.keys() == {"yunet", "sface"}
    for name, choice in results.weights.items():
        assert choice.milliseconds.keys() == {
            str(config) for config in tuner.candidates(name, weights.manifest.weights[name])
        }
        assert min(choice.milliseconds.values()) > 0
    assert json.loads(tuner.file.read_bytes())["processor"] == tuner.processor
    assert tuner.execution_configs() == {name: choice.execution for name, choice in results.weights.items()}


@pytest.mark.models
@pytest.mark.parametrize("name", ["yunet", "sface"])
def test_both_runtimes_compute_the_same_numbers(weights: WeightCache, name: str) -> None:
    pytest.importorskip("onnxruntime")
    shape = (1, 3, 640, 640) if name == "yunet" else (1, 3, 112, 112)
    batch = np.random.default_rng(5).uniform(0, 255, shape).astype(np.float32)
    path = weights.path(name)
    ours, theirs = Runtime(1).session(path).run(batch), OnnxRuntimeSession(path).run(batch)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-3)
