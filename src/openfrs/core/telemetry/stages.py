"""The stages of a request, measured and traced, also those that run in another process; the loading of models."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from openfrs.core.checkpoints import paused_seconds

from .metrics import MODEL_LOAD_SECONDS, STAGE_SECONDS
from .tracing import past_span, span


@dataclass(frozen=True, slots=True)
class StageTime:
    """A stage that has ended: its start in nanoseconds since 1970 and its duration, without pauses."""

    name: str
    started: int
    seconds: float


_collected: ContextVar[list[StageTime] | None] = ContextVar("stages", default=None)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Measure and trace the block as a stage. Time in which its work is paused does not count."""
    started, clock, paused = time.time_ns(), time.perf_counter(), paused_seconds()
    with span(f"stage.{name}"):
        try:
            yield
        finally:
            seconds = time.perf_counter() - clock - (paused_seconds() - paused)
            collected = _collected.get()
            if collected is None:
                STAGE_SECONDS.labels(name).observe(seconds)
            else:
                collected.append(StageTime(name, started, seconds))


@contextmanager
def collecting_stages() -> Iterator[list[StageTime]]:
    """Collect the stages of the block in a list, for :func:`record_stages` in the process that serves the metrics."""
    collected: list[StageTime] = []
    token = _collected.set(collected)
    try:
        yield collected
    finally:
        _collected.reset(token)


loading_seconds: Final[dict[str, float]] = {}
"""Seconds that each model took to load in this process."""


@contextmanager
def model_loading(name: str) -> Iterator[None]:
    """Measure the loading of a model."""
    started = time.perf_counter()
    yield
    loading_seconds[name] = time.perf_counter() - started
    MODEL_LOAD_SECONDS.labels(name).set(loading_seconds[name])


def record_stages(stages: Iterable[StageTime]) -> None:
    """Record stages of the current request that another process has measured."""
    for each in stages:
        STAGE_SECONDS.labels(each.name).observe(each.seconds)
        past_span(f"stage.{each.name}", each.started, each.seconds)
