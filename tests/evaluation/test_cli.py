"""``openfrs eval`` over small folders."""

import csv
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from openfrs.cli import eval as eval_commands
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.evaluation import predictor
from openfrs.evaluation.report import plots
from openfrs.recognition.similarity import Calibration
from tests.support.evaluation_data import PEOPLE, CountingPipeline, Eval, Reddish, a_data_directory
from tests.support.fake_models import photo

PICTURES = 8
PNG = b"\x89PNG"


def written(tmp_path: Path, name: str) -> Any:
    return json.loads((tmp_path / "report" / f"{name}.json").read_bytes())


def csv_file(path: Path, columns: str, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([columns.split(","), *rows])
    return path


def test_all_pairs_of_a_folder(openfrs_eval: Eval, pictures: Path, tmp_path: Path) -> None:
    result = openfrs_eval("verify", pictures)
    assert result.exit_code == 0, result.output
    assert "true match rate" in result.stdout
    found = written(tmp_path, "verification-all-pairs")
    assert (found["images"], found["people"], found["genuine_pairs"], found["impostor_pairs"]) == (8, 5, 4, 24)
    assert found["points"][0]["true_match_rate"]["rate"] == 1
    page = (tmp_path / "report" / "index.md").read_text()
    assert "| 1e-02 * |" in page
    assert "![verification-all-pairs-roc.png](verification-all-pairs-roc.png)" in page
    assert (tmp_path / "report" / "verification-all-pairs-roc.png").read_bytes().startswith(PNG)


def test_an_embedder_is_named_on_the_command_line(
    openfrs_eval: Eval,
    pictures: Path,
    tmp_path: Path,
    pipeline: CountingPipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(settings: Settings) -> CountingPipeline:
        assert settings.embedder_manifest is None
        pipeline.embedder = settings.embedder
        return pipeline

    monkeypatch.setattr(eval_commands, "load_pipeline", load)
    monkeypatch.setenv("OPENFRS_EMBEDDER_MANIFEST", str(tmp_path / "own.toml"))
    assert openfrs_eval("verify", pictures, "--embedder", "fused", "--no-plots").exit_code == 0
    assert written(tmp_path, "verification-all-pairs")["models"].startswith("embedder fused")
    told = openfrs_eval("verify", pictures, "--embedder", "nothing", "--no-plots")
    assert isinstance(told.exception, OperatorError)


def test_pictures_named_by_a_csv(openfrs_eval: Eval, pictures: Path, tmp_path: Path) -> None:
    rows = [(path.relative_to(tmp_path), path.parent.name) for path in sorted(pictures.glob("*/*.png"))]
    file = csv_file(tmp_path / "people.csv", "path,person", rows)
    assert openfrs_eval("verify", file, "--no-plots").exit_code == 0
    assert written(tmp_path, "verification-all-pairs")["genuine_pairs"] == 4
    assert not list((tmp_path / "report").glob("*.png"))


def test_people_under_two_names_are_one(openfrs_eval: Eval, pictures: Path, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "same.csv", "name,person", [("cleo", "dora")])
    assert openfrs_eval("verify", pictures, "--same", file, "--no-plots").exit_code == 0
    found = written(tmp_path, "verification-all-pairs")
    assert (found["people"], found["genuine_pairs"]) == (4, 5)


def test_named_pairs(openfrs_eval: Eval, pictures: Path, tmp_path: Path) -> None:
    mated = [("anna/0.png", "anna/1.png", 1), ("bert/0.png", "bert/1.png", 1)] * 10
    others = [("anna/0.png", "bert/0.png", 0), ("cleo/0.png", "dora/0.png", 0)] * 10
    rows = [(*row, "train" if place < 5 else "test") for kind in (mated, others) for place, row in enumerate(kind)]
    file = csv_file(tmp_path / "pairs.csv", "a,b,same,split", rows)
    result = openfrs_eval("verify", pictures, "--pairs", file)
    assert result.exit_code == 0, result.output
    found = written(tmp_path, "verification-pairs")
    assert (found["pairs"], found["best"]["rate"], found["trained"]["rate"]) == (30, 1, 1)
    assert found["folds"] == [1.0] * 10


def test_a_picture_without_a_face_or_that_is_none_is_left_out(
    openfrs_eval: Eval, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "anna" / "empty.png").write_bytes(photo())
    (pictures / "anna" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    assert openfrs_eval("verify", pictures, "--no-plots").exit_code == 0
    found = written(tmp_path, "verification-all-pairs")
    assert (found["images"], found["faceless"]) == (8, 2)


def test_identification(openfrs_eval: Eval, pictures: Path, tmp_path: Path) -> None:
    assert openfrs_eval("identify", pictures).exit_code == 0
    found = written(tmp_path, "identification")
    assert (found["people"], found["probes"], found["strangers"]) == (2, 3, 3)
    assert found["points"][0]["misses"]["rate"] == 0


def test_quality_with_scores_of_ones_own(openfrs_eval: Eval, pictures: Path, tmp_path: Path) -> None:
    rows = [(path.relative_to(pictures), place) for place, path in enumerate(sorted(pictures.glob("*/*.png")))]
    scores = csv_file(tmp_path / "scores.csv", "path,score", rows)
    assert openfrs_eval("quality", pictures, "--scores", scores).exit_code == 0
    assert [curve["score"] for curve in written(tmp_path, "quality")["curves"]] == [
        "given",
        "total_score",
        "detector's score",
        "sharpness",
    ]
    csv_file(scores, "path,score", rows[1:])
    assert isinstance(openfrs_eval("quality", pictures, "--scores", scores).exception, OperatorError)


def test_detection(openfrs_eval: Eval, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(photo((200, 40, 40), side=240))
    lines = [{"file": "one.png", "faces": [{"box": [20, 20, 200, 200]}, {"box": [0, 0, 15, 15]}]}]
    (tmp_path / "boxes.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert openfrs_eval("detect", tmp_path / "boxes.jsonl").exit_code == 0
    found = written(tmp_path, "detection")
    assert (found["faces"], found["large_enough"]["hits"], found["false_positives_per_image"]) == (2, 1, 0)


def test_an_attribute_by_class_and_by_number(openfrs_eval: Eval, tmp_path: Path) -> None:
    rows = [("yes", "yes"), ("no", "yes"), ("no", "")]
    assert (
        openfrs_eval("attribute", csv_file(tmp_path / "a.csv", "truth,prediction", rows), "--name", "mask").exit_code
        == 0
    )
    assert written(tmp_path, "attribute-mask")["balanced_accuracy"] == 0.5
    file = csv_file(tmp_path / "b.csv", "truth,prediction", [(30, 34), (40, 38), (50, "unknown")])
    assert openfrs_eval("attribute", file, "--name", "age", "--unit", "years").exit_code == 0
    assert written(tmp_path, "attribute-age")["error"]["mean"] == 3


def test_liveness(openfrs_eval: Eval, tmp_path: Path) -> None:
    rows = [("live", "", 0.9), ("live", "", ""), ("attack", "print", 0.1), ("attack", "screen", 0.8)]
    assert openfrs_eval("liveness", csv_file(tmp_path / "s.csv", "label,kind,score", rows)).exit_code == 0
    found = written(tmp_path, "liveness")
    assert {each["kind"]: each["passed"]["hits"] for each in found["kinds"]} == {"print": 0, "screen": 1}
    assert found["refused"]["rate"] == 0.5
    assert found["roc"]["print"] == [[1, 0.5], [0, 0.5], [0, 0.5], [0, 0]]
    assert found["roc"]["screen"][:2] == [[1, 0.5], [1, 0.5]]


def test_liveness_of_a_directory(openfrs_eval: Eval, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "ServicePredictor", lambda _: Reddish())
    data = a_data_directory(tmp_path / "data")
    result = openfrs_eval("liveness", data)
    assert result.exit_code == 0, result.output
    assert {path.stem for path in (tmp_path / "report").glob("*.json")} == {"liveness"}
    found = written(tmp_path, "liveness")
    assert (found["kinds"][0]["kind"], found["refused"]["rate"]) == ("print", 0)
    assert (tmp_path / "report" / "liveness-roc.png").read_bytes().startswith(PNG)


def test_calibration(openfrs_eval: Eval, tmp_path: Path) -> None:
    colours = [(red, green, 60) for red in range(56, 256, 16) for green in range(56, 256, 16)]
    for number, colour in enumerate(colours):
        folder = tmp_path / "many" / str(number // 2)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(photo(colour, side=100))
    result = openfrs_eval("calibrate", tmp_path / "many", "--output", tmp_path / "scale.json", "--data", "squares")
    assert result.exit_code == 0, result.output
    scale = Calibration.model_validate_json((tmp_path / "scale.json").read_bytes())
    assert (scale.data, scale.images, scale.people) == ("squares", len(colours), -(-len(colours) // 2))
    assert "Calibration of sface" in result.stdout
    assert not list((tmp_path / "report").glob("*.json"))


def test_an_interrupted_run_goes_on(
    openfrs_eval: Eval, pictures: Path, pipeline: CountingPipeline, tmp_path: Path
) -> None:
    pipeline.fails_at = 5
    assert openfrs_eval("verify", pictures, "--workers", 1).exit_code != 0
    assert not (tmp_path / "report" / "index.md").exists()
    done = pipeline.seen - 1
    assert done >= 4
    pipeline.seen, pipeline.fails_at = 0, 0
    assert openfrs_eval("verify", pictures).exit_code == 0
    assert pipeline.seen == PICTURES - done
    assert openfrs_eval("identify", pictures).exit_code == 0
    assert pipeline.seen == PICTURES - done


def test_a_picture_that_changed_is_looked_at_again(
    openfrs_eval: Eval, pictures: Path, pipeline: CountingPipeline
) -> None:
    openfrs_eval("verify", pictures, "--no-plots")
    (pictures / "cleo" / "0.png").write_bytes(photo(PEOPLE["anna"], side=300))
    pipeline.seen = 0
    openfrs_eval("verify", pictures, "--no-plots")
    assert pipeline.seen == 1


def test_the_central_face_is_another_choice(openfrs_eval: Eval, tmp_path: Path, pictures: Path) -> None:
    for folder in pictures.iterdir():
        for path in folder.iterdir():
            path.write_bytes(photo((230, 230, 230), PEOPLE[folder.name], (120, 120, 120), side=140))
    openfrs_eval("verify", pictures, "--no-plots")
    assert written(tmp_path, "verification-all-pairs")["closest"][0]["cosine"] == pytest.approx(1)
    openfrs_eval("verify", pictures, "--no-plots", "--centre")
    assert written(tmp_path, "verification-all-pairs")["closest"][0]["cosine"] < 0.9


def test_without_matplotlib_plots_are_refused_at_once(
    openfrs_eval: Eval, pictures: Path, pipeline: CountingPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        plots, "find_spec", lambda name: None if name == "matplotlib" else importlib.util.find_spec(name)
    )
    error = openfrs_eval("verify", pictures).exception
    assert isinstance(error, OperatorError)
    assert "openfrs[eval]" in str(error)
    assert pipeline.seen == 0
    assert openfrs_eval("verify", pictures, "--no-plots").exit_code == 0


@pytest.mark.parametrize(
    ("command", "file", "text", "told"),
    [
        ("verify", "nothing", None, "cannot be read"),
        ("verify", "people.csv", "path,name\na,b\n", "lacks the column person"),
        ("verify", "people.csv", "path,person\n", "no rows"),
        ("verify", "people.csv", "path,person\nmissing.png,anna\n", "not there"),
        ("identify", "people.csv", "path,person\n\xff,\n", "not there"),
        ("detect", "boxes.jsonl", "{}\n", "boxes"),
        ("detect", "boxes.jsonl", "", "no picture"),
        ("liveness", "s.csv", "label,kind,score\nreal,,1\n", "neither live nor attack"),
        ("liveness", "s.csv", "label,kind,score\nlive,,x\n", "in place of a number"),
        ("liveness", "s.csv", "label,kind,score\nlive,,1\n", "both live"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(
    openfrs_eval: Eval, tmp_path: Path, command: str, file: str, text: str | None, told: str
) -> None:
    if text is not None:
        (tmp_path / file).write_text(text, encoding="utf-8")
    error = openfrs_eval(command, tmp_path / file, "--no-plots").exception
    assert isinstance(error, OperatorError)
    assert told in str(error)
    assert "\n" not in str(error)


def test_an_empty_folder_is_told(openfrs_eval: Eval, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "names no picture" in str(openfrs_eval("verify", tmp_path / "empty").exception)


def test_a_cache_that_is_none_is_told(openfrs_eval: Eval, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "cache.db").write_bytes(b"no database at all, and too long to be an empty one" * 20)
    assert "cache" in str(openfrs_eval("verify", pictures, "--no-plots").exception)


def test_a_result_of_another_release_is_measured_again(openfrs_eval: Eval, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    for name in ("identification", "older"):
        (tmp_path / "report" / f"{name}.json").write_text('{"evaluation": "identification"}')
    assert openfrs_eval("identify", pictures, "--no-plots").exit_code == 0
    page = (tmp_path / "report" / "index.md").read_text()
    assert "## identification" in page
    assert "## older" not in page
