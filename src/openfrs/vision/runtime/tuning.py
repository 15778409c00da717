"""Choose the runtime and precision of each model: the fastest measured on this machine, or else what its processor supports."""

import hashlib
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

import numpy as np
import openvino as ov
from pydantic import BaseModel, ConfigDict, ValidationError

from openfrs.vision.weights.cache import WeightCache, write_files
from openfrs.vision.weights.manifest import Weight

from .base import CPU, ExecutionConfig, Precision, Provider, Session, Shape, Tensor
from .session import Runtime

ProviderSetting = Literal["auto", "openvino", "onnxruntime"]
PrecisionSetting = Literal["auto", "f32"]

_SHAPES: Final[Mapping[str, tuple[Shape, ...]]] = {
    "detector": ((1, 3, 256, 320), (4, 3, 128, 128)),
    "embedder": ((1, 3, 112, 112),),
}
"""Input shapes of a search by image, for the roles that are tuned; each model runs on all of its shapes. Other models are small or
rarely used and run in single precision."""

MAX_TIME_RATIO: Final = 0.9
"""Maximum time relative to the default configuration at which another is chosen; smaller gains may be noise."""

_ROUNDS: Final = 15
_RUNS: Final = 8


class Choice(BaseModel):
    """The chosen configuration of a weight, and the median milliseconds per run of each candidate on one thread."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    provider: Provider
    precision: Precision
    milliseconds: Mapping[str, float]

    @property
    def execution(self) -> ExecutionConfig:
        """The chosen configuration."""
        return ExecutionConfig(self.provider, self.precision)


class Tuning(BaseModel):
    """Tuning results for a processor and the releases of the runtimes, by weight."""

    model_config = ConfigDict(frozen=True)

    processor: str
    runtimes: Mapping[str, str]
    weights: Mapping[str, Choice]


class Tuner:
    """Chooses the execution of each weight in a directory."""

    def __init__(self, weights: WeightCache, capabilities: Collection[str] | None = None) -> None:
        """``capabilities`` are the precisions that the processor supports natively, by OpenVINO's names.

        ``VNNI`` stands for instructions that multiply int8 without overflow. OpenVINO reports INT8 on all processors with AVX2.
        """
        self._weights = weights
        if capabilities is None:
            capabilities = {*ov.Core().get_property(CPU, "OPTIMIZATION_CAPABILITIES"), *_vnni()}
        self._capabilities = capabilities
        self.processor = processor()
        self._runtimes = {"openvino": ov.get_version()} | _onnxruntime()

    @property
    def file(self) -> Path:
        """File of the tuning results, beside the weights. Each processor and release of the runtimes has its own."""
        environment = f"{self.processor} {sorted(self._runtimes.items())}"
        return self._weights.directory / f"tuning-{hashlib.sha256(environment.encode()).hexdigest()[:12]}.json"

    def execution_configs(
        self, provider: ProviderSetting = "auto", precision: PrecisionSetting = "auto"
    ) -> dict[str, ExecutionConfig]:
        """Return the configuration of each weight present: the tuned one, or else OpenVINO, in int8 or bf16 where permitted.

        A ``provider`` or ``precision`` other than ``auto`` applies to all weights.
        """
        configs = {}
        tuned = self._read_choices()
        for name, weight in self._tunable():
            candidates = [
                config
                for config in self.candidates(name, weight)
                if provider in {"auto", config.provider} and precision in {"auto", config.precision}
            ]
            if name in tuned and tuned[name].execution in candidates:
                configs[name] = tuned[name].execution
            elif candidates:
                configs[name] = _default(candidates)
            elif provider == "onnxruntime":
                configs[name] = ExecutionConfig(provider)  # not installed; loading the model raises the error
        return configs

    def candidates(self, name: str, weight: Weight) -> list[ExecutionConfig]:
        """Return the configurations for a weight that this machine supports and the manifest has an accuracy for."""
        configs = [ExecutionConfig("openvino", "f32")]
        if "bf16" in weight.variants and "BF16" in self._capabilities:
            configs.append(ExecutionConfig("openvino", "bf16"))
        if "int8" in weight.variants and "VNNI" in self._capabilities:
            configs.append(ExecutionConfig("openvino", "int8"))
        if "onnxruntime" in self._runtimes and self._weights.path(name).suffix == ".onnx":
            configs.append(ExecutionConfig("onnxruntime", "f32"))
        return configs

    def tune(self) -> Tuning:
        """Measure every candidate of every weight present on one thread, and store the results.

        Raises:
            OperatorError: the results cannot be written.
        """
        choices = {}
        for name, weight in self._tunable():
            path = self._weights.path(name)
            shapes = _SHAPES[weight.role]
            sessions = {
                config: Runtime(1).reshaping_session(path, (), config) for config in self.candidates(name, weight)
            }
            medians = _medians(sessions, [np.full(shape, 127, np.float32) for shape in shapes])
            default, fastest = _default(medians), min(medians, key=lambda config: medians[config])
            best = fastest if medians[fastest] <= MAX_TIME_RATIO * medians[default] else default
            choices[name] = Choice(
                sha256=weight.sha256,
                provider=best.provider,
                precision=best.precision,
                milliseconds={str(config): round(value, 3) for config, value in medians.items()},
            )
        tuning = Tuning(processor=self.processor, runtimes=self._runtimes, weights=choices)
        write_files(self.file.parent, {self.file.name: tuning.model_dump_json(indent=2).encode() + b"\n"})
        return tuning

    def _tunable(self) -> Iterator[tuple[str, Weight]]:
        for name, weight in self._weights.manifest.weights.items():
            if weight.role in _SHAPES and self._weights.path(name).is_file():
                yield name, weight

    def _read_choices(self) -> Mapping[str, Choice]:
        """Return the stored choices for the current weights; empty if the file is missing or invalid."""
        with suppress(OSError, ValidationError):
            weights = self._weights.manifest.weights
            tuning = Tuning.model_validate_json(self.file.read_bytes())
            return {
                name: choice
                for name, choice in tuning.weights.items()
                if name in weights and weights[name].sha256 == choice.sha256
            }
        return {}


def processor() -> str:
    """Return the processor's model name with a digest of its features, because machines of one model name may differ."""
    name, flags = cpu_model_and_flags()
    return f"{name} {hashlib.sha256(' '.join(sorted(flags)).encode()).hexdigest()[:12]}"


def cpu_model_and_flags() -> tuple[str, Collection[str]]:
    """Return the processor's model name and features, by Linux's names."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").is_file() else []
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return facts.get("model name", "unknown processor"), facts.get("flags", facts.get("Features", "")).split()


def _default(candidates: Iterable[ExecutionConfig]) -> ExecutionConfig:
    """Return the candidate for a model that is not tuned: OpenVINO, in int8 or else bf16 if that is a candidate."""
    order = ("f32", "bf16", "int8")
    return max(candidates, key=lambda config: (config.provider == "openvino", order.index(config.precision)))


def _vnni() -> list[str]:
    """Return ``VNNI`` if the processor has the instructions."""
    _, flags = cpu_model_and_flags()
    return ["VNNI"] if {"avx512_vnni", "avx_vnni"}.intersection(flags) else []


def _onnxruntime() -> dict[str, str]:
    """Return the release of ONNX Runtime by its name, if installed, without importing it, which takes 0.1 s."""
    for distribution in ("onnxruntime", "onnxruntime-gpu"):
        with suppress(metadata.PackageNotFoundError):
            return {"onnxruntime": metadata.version(distribution)}
    return {}


def _medians(sessions: Mapping[ExecutionConfig, Session], batches: Sequence[Tensor]) -> dict[ExecutionConfig, float]:
    """Return median milliseconds per run of all batches.

    Runs are interleaved so that background load affects all candidates equally.
    """
    times: dict[ExecutionConfig, list[float]] = {config: [] for config in sessions}
    for _ in range(_ROUNDS):
        for config, session in sessions.items():
            for batch in batches:
                session.run(batch)
            start = time.perf_counter()
            for batch in [*batches] * _RUNS:
                session.run(batch)
            times[config].append((time.perf_counter() - start) / _RUNS * 1000)
    return {config: float(np.median(values)) for config, values in times.items()}
