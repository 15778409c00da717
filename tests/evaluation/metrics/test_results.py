"""Evaluations compared with small cases computed by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.core.errors import OperatorError
from openfrs.core.geometry import pairwise_intersection_over_union
from openfrs.evaluation.metrics.classification import class_result, number_result
from openfrs.evaluation.metrics.detection import detection_result, match_boxes
from openfrs.evaluation.metrics.identification import identification_result, split_open_set
from openfrs.evaluation.metrics.liveness import LivenessSource, LivenessSourcesResult, liveness_result
from openfrs.evaluation.metrics.liveness_errors import failures_of
from openfrs.evaluation.metrics.pairs import AllPairs, all_pairs
from openfrs.evaluation.metrics.rates import rate_of
from openfrs.evaluation.metrics.rejection import rejection_points, rejection_result
from openfrs.evaluation.metrics.verification import all_pairs_result, named_pairs_result
from openfrs.evaluation.report.result_types import RESULTS, AnyResult
from openfrs.recognition.similarity import calibration

DATA, MODELS = "some images", "some models"
SCALE = calibration("sface")


def at_angles(*degrees: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def tables_of(result: AnyResult) -> str:
    """Return the tables of a result after a round trip through JSON."""
    parsed = RESULTS.validate_json(result.model_dump_json())
    assert parsed == result
    return "\n".join(table.markdown(titled=True) for table in parsed.tables())


def test_all_pairs_by_hand() -> None:
    """Two people with mated pairs at 10 degrees; the closest impostor pair is at 20 degrees."""
    pairs = all_pairs(at_angles(0, 10, 30, 40), np.array(list("aabb")))
    result = all_pairs_result(pairs, list("abcd"), SCALE, data=DATA, models=MODELS, people=2, faceless=1)
    assert (result.genuine_pairs, result.impostor_pairs) == (2, 4)
    point = result.points[0]
    assert point.threshold == pytest.approx(np.cos(np.radians(20)), abs=1e-6)
    assert (point.false_matches, point.true_match_rate.rate, point.resolved) == (0, 1.0, False)
    assert [(pair.first, pair.second) for pair in result.closest] == [("b", "c"), ("a", "c"), ("b", "d"), ("a", "d")]
    assert all(0 <= rate <= 1 for each in result.roc for rate in each)
    assert "100.00 %" in tables_of(result)
    assert "fewer than 30" in tables_of(result)


def test_named_pairs_by_hand() -> None:
    cosines = np.array([0.9, 0.5, np.nan, 0.6, 0.1, 0.0] * 10)
    same = np.array([True, True, True, False, False, False] * 10)
    names = [(f"{place}a", f"{place}b") for place in range(60)]
    training = np.array([0.4, 0.0]), np.array([True, False])
    result = named_pairs_result(cosines, same, names, SCALE, data=DATA, models=MODELS, training=training)
    assert (result.pairs, result.mated, result.faceless) == (60, 30, 10)
    assert result.best.hits == 40
    assert result.best_threshold == pytest.approx(0.75)
    assert result.trained is not None
    assert result.trained.hits == 40
    assert result.trained_threshold == pytest.approx(0.2)
    assert (result.false_matches.hits, result.false_non_matches.hits) == (10, 10)
    assert {(pair.first, pair.same) for pair in result.wrong[:2]} == {("1a", True), ("2a", True)}
    assert "66.67 %" in tables_of(result)


def test_identification_by_hand() -> None:
    """Of three probes, one is nearest to another person and one no nearer than the impostor."""
    rows = at_angles(0, 5, 55, 90, 70, -40)
    result = identification_result(rows, ["a", "a", "a", "b", "b", "stranger"], data=DATA, models=MODELS)
    assert (result.people, result.probes, result.strangers) == (2, 3, 1)
    (first, second) = result.points
    assert first.gallery == second.gallery == 2
    assert first.threshold == pytest.approx(np.cos(np.radians(40)), abs=1e-6)
    assert (first.misses.hits, first.misses.trials) == (1, 3)
    assert "33.33 %" in tables_of(result)


def test_galleries_grow_to_all_people() -> None:
    names = [f"{person:03}" for person in range(120) for _ in range(2)] + ["alone"]
    rows = np.random.default_rng(0).normal(size=(241, 16)).astype(np.float32)
    result = identification_result(rows / np.linalg.norm(rows, axis=1, keepdims=True), names, data=DATA, models=MODELS)
    assert [point.gallery for point in result.points] == [100, 100, 120, 120]
    assert [point.misses.trials for point in result.points] == [1000, 1000, 120, 120]


@pytest.mark.parametrize("people", [["a", "a"], ["a", "b"], []])
def test_identification_needs_mated_and_impostor_probes(people: Sequence[str]) -> None:
    with pytest.raises(OperatorError, match="impostors"):
        split_open_set(people)


def test_classes_by_hand() -> None:
    truths = ["man"] * 4 + ["woman"] * 2
    result = class_result("gender", truths, ["man", "man", "man", "unknown", "man", "woman"], data=DATA, models=MODELS)
    assert result.predictions == ("man", "woman", "unknown")
    assert result.confusion == ((3, 0, 1), (1, 1, 0))
    assert result.balanced_accuracy == pytest.approx((0.75 + 0.5) / 2)
    assert (result.accuracy.hits, result.answered.hits, result.right_of_answered.trials) == (4, 5, 5)
    assert "| man | 3 | 0 | 1 | 75.0 %" in tables_of(result)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1))
def test_confusion_counts_every_image_once(pairs: list[tuple[str, str]]) -> None:
    truths, predictions = zip(*pairs, strict=True)
    result = class_result("x", truths, predictions, data=DATA, models=MODELS)
    assert sum(map(sum, result.confusion)) == len(pairs)
    assert result.accuracy.hits == sum(truth == prediction for truth, prediction in pairs)
    assert 0 <= result.balanced_accuracy <= 1


def test_numbers_by_hand() -> None:
    result = number_result(
        "age", [10, 20, 30, 40], [13, 19, None, 50], unit="years", data=DATA, models=MODELS, edges=(0, 20, 40, 99)
    )
    assert result.error.mean == pytest.approx(14 / 3)
    assert result.bias == pytest.approx(4)
    assert result.answered.hits == 3
    assert result.root_mean_square == pytest.approx((110 / 3) ** 0.5)
    assert [(limit, share.hits) for limit, share in result.within] == [(5, 2), (10, 3)]
    assert [(group.low, group.error.trials) for group in result.groups] == [(0, 1), (20, 1), (40, 1)]
    assert "| all | 3 | 4.67" in tables_of(result)


def test_labels_and_predictions_are_required() -> None:
    with pytest.raises(OperatorError):
        class_result("x", [], [], data=DATA, models=MODELS)
    with pytest.raises(OperatorError):
        number_result("x", [1], [None], unit="years", data=DATA, models=MODELS)


def test_groups_are_reported_separately() -> None:
    result = class_result("x", ["a", "b", "a"], ["a", "a", "b"], data=DATA, models=MODELS, groups=["one", "two", "one"])
    assert [(each.name, each.right.hits, each.right.trials) for each in result.groups] == [("one", 1, 2), ("two", 0, 1)]
    assert [row[0] for row in result.tables()[1].rows] == ["one", "two"]


def test_intersection_over_union_by_hand() -> None:
    boxes = np.array([[0, 0, 10, 10]], np.float64)
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 0, 0]], np.float64)
    assert pairwise_intersection_over_union(boxes, others)[0] == pytest.approx([1, 1 / 3, 0, 0])


def test_boxes_and_faces_are_matched_one_to_one() -> None:
    labelled = np.array([[0, 0, 10, 10], [2, 0, 12, 10]], np.float64)
    boxes = np.array([[1.5, 0, 11.5, 10], [0, 0, 10, 10], [0, 0, 10, 10]], np.float64)
    hit, used = match_boxes(labelled, boxes)
    assert hit.tolist() == [True, True]
    assert used.tolist() == [True, True, False]


def test_detection_by_hand() -> None:
    labelled = [np.array([[0, 0, 10, 10], [50, 50, 90, 90]], np.float64), np.empty((0, 4))]
    boxes = [np.array([[50, 50, 90, 88]], np.float64), np.array([[0, 0, 20, 20]], np.float64)]
    result = detection_result(labelled, boxes, data=DATA, models=MODELS)
    assert [
        (group.at_least, group.recall.hits, group.recall.trials) for group in result.groups if group.recall.trials
    ] == [
        (0, 0, 1),
        (32, 1, 1),
    ]
    assert (result.large_enough.hits, result.large_enough.trials) == (1, 1)
    assert (result.false_positives_per_image, result.precision.rate) == (0.5, 0.5)
    assert "| 32 to 64 | 1 | 100.0 %" in tables_of(result)


def test_rejecting_the_worst_images_by_hand() -> None:
    """Ten images in five pairs; the two false non-matches contain the worst and the best image."""
    pairs = AllPairs(
        genuine=np.array([0.1, 0.9, 0.9, 0.9, 0.1], np.float32),
        impostor=np.linspace(-0.5, 0.5, 20_000, dtype=np.float32),
        first=np.arange(0, 10, 2),
        second=np.arange(1, 10, 2),
        person=np.arange(5),
        closest=[],
    )
    quality = np.arange(10, dtype=np.float64)
    points = rejection_points(pairs, quality, 0.5, (0.0, 0.1, 0.2, 0.4))
    assert [(point.misses.hits, point.misses.trials) for point in points] == [(2, 5), (1, 4), (1, 4), (1, 3)]
    result = rejection_result(pairs, {"good": quality, "bad": -quality}, data=DATA, models=MODELS)
    assert result.threshold == pytest.approx(0.5, abs=1e-3)
    assert result.curves[0].reduction(0.10) == pytest.approx(1 - (1 / 4) / (2 / 5))
    assert "| good | 40.00 %" in tables_of(result)


def test_liveness_by_hand() -> None:
    live = np.array([True] * 4 + [False] * 4)
    kinds = [""] * 4 + ["print", "print", "screen", "screen"]
    scores = np.array([0.9, 0.8, 0.7, np.nan, 0.1, 0.2, 0.3, 0.75])
    result = liveness_result(live, kinds, scores, data=DATA, models=MODELS)
    assert [(each.kind, each.passed.hits, each.passed.trials) for each in result.kinds] == [
        ("print", 0, 2),
        ("screen", 1, 2),
    ]
    assert (result.refused.hits, result.refused.trials) == (1, 4)
    assert result.equal_error_rate == pytest.approx(0.25)
    assert [(point.threshold, point.refused.hits) for point in result.points] == [(0.8, 2)] * 3
    assert "APCER, screen | 0.500 | 50.0 %" in tables_of(result)


def test_liveness_of_few_people_has_wider_intervals() -> None:
    live, kinds = np.array([True] * 40 + [False] * 40), [""] * 40 + ["print"] * 40
    scores = np.repeat([0.1, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.9], 10)
    people = [name for name in "abcdefgh" for _ in range(10)]
    plain, clustered = (
        liveness_result(live, kinds, scores, data=DATA, models=MODELS, people=names) for names in ((), people)
    )
    assert clustered.refused.rate == plain.refused.rate == 0.25
    assert clustered.refused.high > plain.refused.high
    assert clustered.kinds[0].passed.high > plain.kinds[0].passed.high
    assert "bootstrap over 8 people" in tables_of(clustered)


def test_liveness_without_a_separating_threshold() -> None:
    result = liveness_result(np.array([True, False]), ["", "print"], np.array([0.1, 0.9]), data=DATA, models=MODELS)
    assert result.points[-1].refused.rate == 1
    assert np.isfinite(result.points[-1].threshold)


def test_liveness_needs_live_presentations_and_attacks() -> None:
    with pytest.raises(OperatorError):
        liveness_result(np.array([True]), [""], np.array([0.1]), data=DATA, models=MODELS)


def test_rates_of_clips_have_intervals() -> None:
    live = np.array([True, True, False, False])
    scores = np.array([0.9, 0.9, 0.9, 0.1])
    result = liveness_result(
        live, ["", "", "phone", "phone"], scores, data=DATA, models=MODELS, clips=["a", "b", "c", "d"]
    )
    (table,) = result.tables()
    assert table.rows[0][-1] == "1 of 2 (9 to 91 %)"
    assert table.rows[1][-1] == "0 of 2 (0 to 66 %)"


def test_the_worst_camera_is_named_if_it_has_enough_faces() -> None:
    rates = {"camera1": (1, 20), "camera2": (3, 20), "camera3": (5, 5), "many people": (20, 20)}
    sources = tuple(
        LivenessSource(source=name, refused=rate_of(*rate), passed=None if name == "camera2" else rate_of(*rate))
        for name, rate in rates.items()
    )
    result = LivenessSourcesResult(
        data=DATA, models=MODELS, sources=sources, people=3, refused_by_person=(0.0, 0.1, 0.2)
    )
    (note,) = result.tables()[0].notes
    assert "at least 10 faces, the worst are camera2 (BPCER 15.0 %) and camera1 (APCER 5.0 %)." in note


def test_wrong_decisions_name_the_cue_that_misled() -> None:
    live = np.array([True, True, True, False, False, True])
    confidences = np.array([0.9, 0.1, 0.3, 0.8, 0.2, np.nan])
    contributions = {
        "network": np.array([2.0, 2.0, 2.0, 1.0, -2.0, np.nan]),
        "spectrum": np.array([1.0, -3.0, -1.0, 0.0, 0.0, np.nan]),
    }
    refused, passed = failures_of(live, ["a"] * 6, ["", "", "", "phone", "print", ""], confidences, contributions, 0.5)
    assert (refused.kind, refused.wrong.hits, refused.wrong.trials) == ("live", 2, 3)
    assert refused.confidences == pytest.approx((0.2, 0.1))
    assert (refused.cue, passed.cue) == ("spectrum", "network")
    assert (refused.deviation, passed.deviation) == pytest.approx((-3.0, -3.0))
    assert passed.kind == "phone"
    assert passed.confidences == pytest.approx((0.8, 0.8))


def test_every_result_is_plotted(tmp_path: Path) -> None:
    from openfrs.evaluation.report.plots import draw

    pairs = all_pairs(at_angles(0, 10, 30, 40), np.array(list("aabb")))
    results: list[AnyResult] = [
        all_pairs_result(pairs, list("abcd"), SCALE, data=DATA, models=MODELS, people=2, faceless=0),
        identification_result(at_angles(0, 5, 40), ["a", "a", "b"], data=DATA, models=MODELS),
        rejection_result(pairs, {"one": np.arange(4.0)}, data=DATA, models=MODELS),
        detection_result([np.array([[0.0, 0, 9, 9]])], [np.empty((0, 4))], data=DATA, models=MODELS),
        liveness_result(np.array([True, False]), ["", "print"], np.array([0.1, 0.9]), data=DATA, models=MODELS),
    ]
    for result in results:
        for chart in result.charts():
            draw(chart, tmp_path / f"{chart.name}.png")
    assert all(result.charts() for result in results)
    assert {file.stem for file in tmp_path.glob("*.png")} == {
        chart.name for result in results for chart in result.charts()
    }
