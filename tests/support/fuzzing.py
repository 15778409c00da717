"""How much is tried by the tests that make up their input: little among the others, a lot under ``make fuzz``."""

import os
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

TIMES: Final = int(os.environ.get("OPENFRS_FUZZ", "1"))
"""By what the number of examples is multiplied."""


def fuzz(examples: int = 100) -> Callable[[Any], Any]:
    """Mark a test that takes part in ``make fuzz``, with its usual number of examples."""

    def marked(test: Any) -> Any:
        bounded = settings(max_examples=examples * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
        return pytest.mark.fuzz(bounded(test))

    return marked
