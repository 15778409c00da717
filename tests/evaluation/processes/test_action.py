"""Evaluation of labelled clips and moved photographs with fake models."""

import json
from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.evaluation.datasets import attacks
from openfrs.evaluation.datasets.attacks import MOVES
from openfrs.evaluation.datasets.videos import labelled_clips
from openfrs.evaluation.report.result_types import RESULTS
from openfrs.evaluation.runs import evaluate_clips, evaluate_photographs, evaluate_single_actions
from tests.support.fake_models import FakePipeline, photo
from tests.support.performances import AHEAD, LEFT, RIGHT, performance


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    (tmp_path / "a.mp4").write_bytes(performance(AHEAD, LEFT, AHEAD, RIGHT, AHEAD))
    turn = [{"action": "yaw_img_right", "peak_ms": 1000}, {"action": "yaw_img_left", "peak_ms": 2400}]
    rows = [
        {"file": "a.mp4", "kind": "live", "events": [*turn, {"action": "smile", "peak_ms": 3000}]},
        {"file": "a.mp4", "kind": "spoof_screen", "events": turn[::-1]},
    ]
    (tmp_path / "clips.json").write_text(json.dumps(rows))
    return tmp_path / "clips.json"


def test_clips_are_compared_with_their_labels(clips: Path) -> None:
    result = evaluate_clips(FakePipeline(), clips)
    assert [clip.right for clip in result.clips] == [True, False]
    assert [clip.kind for clip in result.clips] == ["live", "screen"]
    assert RESULTS.validate_json(result.model_dump_json()) == result
    (table,) = result.tables()
    assert "Exactly the labelled turns and nods: 1 of 2 videos." in table.notes
    chart, *_ = result.charts()
    assert [name for name, _ in chart.marks] == ["turn left", "turn right"]
    assert {name for name, _ in chart.series} == {"yaw", "pitch", "eyes", "mouth"}


def test_single_actions_are_cut_out_with_rest_around_them(clips: Path) -> None:
    rows = json.loads(clips.read_text())
    for event in rows[0]["events"][:2]:
        event |= {"start_ms": event["peak_ms"] - 700, "end_ms": event["peak_ms"] + 700}
    clips.write_text(json.dumps(rows[:1]))
    result = evaluate_single_actions(FakePipeline(), clips, rests=(300,))
    assert [(each.kind, each.action, each.rest) for each in result.actions] == [("live", 1, 300), ("live", 2, 300)]
    assert [(each.recognised.hits, each.recognised.trials) for each in result.actions] == [(1, 1), (1, 1)]
    assert RESULTS.validate_json(result.model_dump_json()) == result
    (table,) = result.tables()
    assert ("live", "turn left", "0.3", "1 of 1") in table.rows


def test_photographs_are_moved_in_every_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attacks, "SECONDS", 1)
    (tmp_path / "x.png").write_bytes(photo((200, 184, 88)))
    result = evaluate_photographs(FakePipeline(), [tmp_path / "x.png"])
    assert [clip.kind for clip in result.clips] == list(MOVES)
    assert result.clips[0].recognised == ()
    assert all(clip.right is None for clip in result.clips)


@pytest.mark.parametrize("text", ["", "{}", '[{"file": "a"}]', "[1]"])
def test_a_file_without_clips(tmp_path: Path, text: str) -> None:
    (tmp_path / "clips.json").write_text(text)
    if text != "{}":
        with pytest.raises(OperatorError):
            labelled_clips(tmp_path / "clips.json")
    else:
        assert labelled_clips(tmp_path / "clips.json") == []
