"""The clock."""

from datetime import timedelta

from openfrs.core.clock import utc_now


def test_the_time_is_aware_and_in_utc() -> None:
    assert utc_now().utcoffset() == timedelta(0)
