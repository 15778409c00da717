"""The benchmark of the exact scan."""

from openfrs.evaluation.benchmark import scan


def test_the_scan_of_two_sizes_is_measured_against_its_goals() -> None:
    figures = list(scan.measure(0.01, 100))
    assert [(each.case, each.goal) for each in figures] == [
        ("exact scan of 100 x 128", 1.5),
        ("exact scan of 1,000 x 128", 20.0),
    ]
    assert all(each.value for each in figures)


def test_an_index_has_every_face_once() -> None:
    index = scan.random_index(25)
    assert sorted(index.nearest(index.template(3), 25).seqs.tolist()) == list(range(25))
