"""The comparison with other software."""

import pytest

from benchmarks import peers


@pytest.mark.parametrize(("bf16", "goals"), [(True, [2.3, 22]), (False, [2.0, 18])])
def test_the_median_ratio_of_the_rounds_is_compared_with_the_goal(bf16: bool, goals: list[float]) -> None:
    rates = {"openfrs": [40.0, 44.0, 60.0], "opencv": [20.0, 20.0, 20.0], "face_recognition": [2.0, 2.0, 2.0]}
    figures = list(peers.figures(rates, bf16=bf16))
    assert [(each.value, each.goal) for each in figures[:2]] == [(2.2, goals[0]), (22, goals[1])]
    assert [each.met for each in figures] == [not bf16, True, None, None, None]
    assert [each.value for each in figures[2:]] == [44, 20, 2]


def test_images_are_processed_on_their_threads() -> None:
    counts = [0, 0]

    def embed(number: int) -> None:
        counts[number] += 1

    loop = peers.on_threads([lambda: embed(0), lambda: embed(1)])
    assert loop(0.02) == sum(counts)
    assert all(counts)
