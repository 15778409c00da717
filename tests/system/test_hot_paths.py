"""Instruction counts of the hot paths stay near the baseline."""

import pytest

from benchmarks import hot_paths


@pytest.mark.timeout(1000)
def test_no_hot_path_exceeds_its_accepted_instructions() -> None:
    if reason := hot_paths.unsupported_reason():
        pytest.skip(reason)
    counts, accepted = hot_paths.count_instructions(), hot_paths.baseline()
    assert counts.keys() == accepted.keys()
    assert not hot_paths.excesses(counts, accepted), "make instructions shows them all, with ACCEPT=1 it accepts them"


def test_a_path_may_exceed_its_instructions_by_a_quarter() -> None:
    accepted = {"search": 1_000_000, "decode": 1_000_000}
    assert hot_paths.excesses({"search": 1_250_000, "decode": 500_000}, accepted) == []
    assert hot_paths.excesses({"search": 1_300_000, "decode": 500_000}, accepted) == ["search: +30%"]
