"""How each model is run on this machine: what its processor does natively, or what was measured to be fastest on it."""

import hashlib
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

import numpy as np
import openvino as ov
from pydantic import BaseModel, ConfigDict, ValidationError

from openfrs.vision.weights.cache import WeightCache, write_all
from openfrs.vision.weights.manifest import Weight

from .base import CPU, ExecutionConfig, Precision, Provider, Session, Tensor
from .session import Runtime

Wanted = Literal["auto", "openvino", "onnxruntime"]
"""What an operator wants models run by."""

_SHAPES: Final = {"detector": (1, 3, 640, 640), "embedder": (1, 3, 112, 112)}
"""What models are tuned with, by role. The others are small, or asked for now and then, and run in single precision."""

WORTH_IT: Final = 0.9
"""What of the usual way's time another may take at most to be taken: less may be the machine's mood."""

_ROUNDS: Final = 15
_RUNS: Final = 8


class Choice(BaseModel):
    """The best way of running a file of weights, and the milliseconds a run took each way: medians, one thread."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    provider: Provider
    precision: Precision
    milliseconds: Mapping[str, float]

    @property
    def execution(self) -> ExecutionConfig:
        """The best way."""
        return ExecutionConfig(self.provider, self.precision)


class Tuning(BaseModel):
    """What was measured on a processor with certain releases of the runtimes, by weight."""

    model_config = ConfigDict(frozen=True)

    processor: str
    runtimes: Mapping[str, str]
    weights: Mapping[str, Choice]


class Tuner:
    """Chooses how the weights of a directory are run."""

    def __init__(self, weights: WeightCache, capabilities: Collection[str] | None = None) -> None:
        """``capabilities`` are the precisions that the processor has instructions for, as OpenVINO names them."""
        self._weights = weights
        if capabilities is None:
            capabilities = ov.Core().get_property(CPU, "OPTIMIZATION_CAPABILITIES")
        self._capabilities = capabilities
        self.processor = processor()
        self._runtimes = {"openvino": ov.get_version()} | _onnxruntime()

    @property
    def file(self) -> Path:
        """Where what was measured is kept: beside the weights, apart for each processor and release of the runtimes."""
        described = f"{self.processor} {sorted(self._runtimes.items())}"
        return self._weights.directory / f"tuning-{hashlib.sha256(described.encode()).hexdigest()[:12]}.json"

    def execution_configs(
        self, provider: Wanted = "auto", precision: Literal["auto", "f32"] = "auto"
    ) -> dict[str, ExecutionConfig]:
        """How to run each weight that is there: as measured, else in bf16 where processor and manifest have it, by OpenVINO.

        A ``provider`` or a ``precision`` that is set holds for all.
        """
        chosen = {}
        tuned = self._tuned()
        for name, weight in self._tunable():
            possible = [
                each
                for each in self.possible(name, weight)
                if provider in {"auto", each.provider} and precision in {"auto", each.precision}
            ]
            if name in tuned and tuned[name].execution in possible:
                chosen[name] = tuned[name].execution
            elif possible:
                chosen[name] = _usual(possible)
            elif provider == "onnxruntime":
                chosen[name] = ExecutionConfig(provider)  # not installed, which is told when the model is loaded
        return chosen

    def possible(self, name: str, weight: Weight) -> list[ExecutionConfig]:
        """The ways of running a weight here that the manifest has an accuracy for."""
        found: list[ExecutionConfig] = [ExecutionConfig("openvino", "f32")]
        if "bf16" in weight.variants and "BF16" in self._capabilities:
            found.append(ExecutionConfig("openvino", "bf16"))
        if "onnxruntime" in self._runtimes and self._weights.path(name).suffix == ".onnx":
            found.append(ExecutionConfig("onnxruntime", "f32"))
        return found

    def tune(self) -> Tuning:
        """Measure every way of running every weight that is there, in turns on one thread, and keep what was found.

        Raises:
            OperatorError: it cannot be kept.
        """
        found = {}
        for name, weight in self._tunable():
            path = self._weights.path(name)
            sessions = {each: Runtime(1).session(path, each) for each in self.possible(name, weight)}
            taken = _medians(sessions, np.full(_SHAPES[weight.role], 127, np.float32))
            usual, quickest = _usual(taken), min(taken, key=lambda each: taken[each])
            best = quickest if taken[quickest] <= WORTH_IT * taken[usual] else usual
            found[name] = Choice(
                sha256=weight.sha256,
                provider=best.provider,
                precision=best.precision,
                milliseconds={str(each): round(value, 3) for each, value in taken.items()},
            )
        tuning = Tuning(processor=self.processor, runtimes=self._runtimes, weights=found)
        write_all(self.file.parent, {self.file.name: tuning.model_dump_json(indent=2).encode() + b"\n"})
        return tuning

    def _tunable(self) -> Iterator[tuple[str, Weight]]:
        for name, weight in self._weights.manifest.weights.items():
            if weight.role in _SHAPES and self._weights.path(name).is_file():
                yield name, weight

    def _tuned(self) -> Mapping[str, Choice]:
        """What was measured of the weights as they are; nothing where the file is not there, or is none."""
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
    """The processor's name, with a digest of what it can do: machines of one name differ in that."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").is_file() else []
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = " ".join(sorted(facts.get("flags", facts.get("Features", "")).split()))
    return f"{facts.get('model name', 'unknown processor')} {hashlib.sha256(flags.encode()).hexdigest()[:12]}"


def _usual(possible: Iterable[ExecutionConfig]) -> ExecutionConfig:
    """How a model is run of which nothing was measured: by OpenVINO, in bf16 if it may."""
    return max(possible, key=lambda each: (each.provider == "openvino", each.precision == "bf16"))


def _onnxruntime() -> dict[str, str]:
    """The release of ONNX Runtime by its name, if it is installed: not imported, which would cost a server's start 0.1 s."""
    for distribution in ("onnxruntime", "onnxruntime-gpu"):
        with suppress(metadata.PackageNotFoundError):
            return {"onnxruntime": metadata.version(distribution)}
    return {}


def _medians(sessions: Mapping[ExecutionConfig, Session], batch: Tensor) -> dict[ExecutionConfig, float]:
    """Milliseconds of a run: all are asked in turns, so that they are alike disturbed."""
    taken: dict[ExecutionConfig, list[float]] = {each: [] for each in sessions}
    for _ in range(_ROUNDS):
        for execution, session in sessions.items():
            session.run(batch)
            begun = time.perf_counter()
            for _ in range(_RUNS):
                session.run(batch)
            taken[execution].append((time.perf_counter() - begun) / _RUNS * 1000)
    return {each: float(np.median(values)) for each, values in taken.items()}
