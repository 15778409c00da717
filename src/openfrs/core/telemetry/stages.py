"""The stages of a request, measured and traced."""

from collections.abc import Iterator
from contextlib import contextmanager

from .metrics import STAGE_SECONDS
from .tracing import span


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Measure and trace the block as a stage."""
    with span(f"stage.{name}"), STAGE_SECONDS.labels(name).time():
        yield
