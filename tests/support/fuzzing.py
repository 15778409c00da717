"""The number of examples of tests with generated input: few in ``make test``, many in ``make fuzz``."""

import os
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

TIMES: Final = int(os.environ.get("OPENFRS_FUZZ", "1"))
"""Factor of the number of examples."""


def fuzz(examples: int = 100) -> Callable[[Any], Any]:
    """Mark a test for ``make fuzz``; ``examples`` is the number without a factor."""

    def marked(test: Any) -> Any:
        bounded = settings(max_examples=examples * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
        return pytest.mark.fuzz(bounded(test))

    return marked
