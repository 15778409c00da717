"""The machine that a benchmark runs on."""

import os
import time

import pytest

from openfrs.evaluation.benchmark import machine
from openfrs.evaluation.benchmark.process_tree import ProcessTree


@pytest.mark.parametrize(
    ("flags", "description"),
    [
        (["avx2", "avx512f", "avx512_bf16"], "A processor: AVX-512, bf16"),
        (["avx2", "avx512f"], "A processor: AVX-512, no bf16"),
        (["avx2"], "A processor: no AVX-512, no bf16"),
    ],
)
def test_the_processor_is_named_with_its_instruction_sets(
    flags: list[str], description: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cpu_model_and_flags", lambda: ("A processor", flags))
    figure = machine.describe()
    assert (figure.case, figure.value) == (description, len(os.sched_getaffinity(0)))


def test_the_time_of_this_process_and_of_the_tree_is_not_foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, own, tree, clock = (iter(values) for values in ([100, 109], [10, 12], [5.0, 8.0], [0, 4]))
    monkeypatch.setattr(machine, "_busy_seconds", lambda: next(busy))
    monkeypatch.setattr(machine, "_own_seconds", lambda: next(own))
    monkeypatch.setattr(ProcessTree, "cpu_seconds", lambda _: next(tree))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    with machine.foreign_load(ProcessTree(1)) as load:
        pass
    assert load.cores == 1.0  # of the 9 seconds 2 are of this process and 3 of the tree


def test_the_busy_time_of_the_machine_includes_this_process() -> None:
    before, started = machine._busy_seconds(), time.process_time()
    while time.process_time() - started < 0.1:
        pass
    assert machine._busy_seconds() - before > 0.05
