"""The stages of a request's work, measured and traced."""

from collections.abc import Iterator
from contextlib import contextmanager

from .metrics import STAGE_SECONDS
from .tracing import span


@contextmanager
def stage(name: str) -> Iterator[None]:
    """A stage of work, for the time of the context."""
    with span(f"stage.{name}"), STAGE_SECONDS.labels(name).time():
        yield
