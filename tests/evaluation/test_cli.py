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
from tests.support.evaluation_data import PEOPLE, CountingPipeline, Eval, RednessPredictor, write_data_directory
from tests.support.fake_models import photo

IMAGES = 8
PNG = b"\x89PNG"


def written(tmp_path: Path, name: str) -> Any:
    return json.loads((tmp_path / "report" / f"{name}.json").read_bytes())


def csv_file(path: Path, columns: str, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([columns.split(","), *rows])
    return path


def test_all_pairs_of_a_folder(openfrs_eval: Eval, images: Path, tmp_path: Path) -> None:
    process = openfrs_eval("verify", images)
    assert process.exit_code == 0, process.output
    assert "true match rate" in process.stdout
    result = written(tmp_path, "verification-all-pairs")
    assert (result["images"], result["people"], result["genuine_pairs"], result["impostor_pairs"]) == (8, 5, 4, 24)
    assert result["points"][0]["true_match_rate"]["rate"] == 1
    page = (tmp_path / "report" / "index.md").read_text()
    assert "| 1e-02 * |" in page
    assert "![verification-all-pairs-roc.png](verification-all-pairs-roc.png)" in page
    assert (tmp_path / "report" / "verification-all-pairs-roc.png").read_bytes().startswith(PNG)


def test_an_embedder_is_named_on_the_command_line(
    openfrs_eval: Eval,
    images: Path,
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
    assert openfrs_eval("verify", images, "--embedder", "fused", "--no-plots").exit_code == 0
    assert written(tmp_path, "verification-all-pairs")["models"].startswith("embedder fused")
    message = openfrs_eval("verify", images, "--embedder", "nothing", "--no-plots")
    assert isinstance(message.exception, OperatorError)


def test_images_listed_in_a_csv(openfrs_eval: Eval, images: Path, tmp_path: Path) -> None:
    rows = [(path.relative_to(tmp_path), path.parent.name) for path in sorted(images.glob("*/*.png"))]
    file = csv_file(tmp_path / "people.csv", "path,person", rows)
    assert openfrs_eval("verify", file, "--no-plots").exit_code == 0
    assert written(tmp_path, "verification-all-pairs")["genuine_pairs"] == 4
    assert not list((tmp_path / "report").glob("*.png"))


def test_people_with_two_names_are_merged(openfrs_eval: Eval, images: Path, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "same.csv", "name,person", [("cleo", "dora")])
    assert openfrs_eval("verify", images, "--same", file, "--no-plots").exit_code == 0
    result = written(tmp_path, "verification-all-pairs")
    assert (result["people"], result["genuine_pairs"]) == (4, 5)


def test_named_pairs(openfrs_eval: Eval, images: Path, tmp_path: Path) -> None:
    mated = [("anna/0.png", "anna/1.png", 1), ("bert/0.png", "bert/1.png", 1)] * 10
    others = [("anna/0.png", "bert/0.png", 0), ("cleo/0.png", "dora/0.png", 0)] * 10
    rows = [(*row, "train" if place < 5 else "test") for kind in (mated, others) for place, row in enumerate(kind)]
    file = csv_file(tmp_path / "pairs.csv", "a,b,same,split", rows)
    process = openfrs_eval("verify", images, "--pairs", file)
    assert process.exit_code == 0, process.output
    result = written(tmp_path, "verification-pairs")
    assert (result["pairs"], result["best"]["rate"], result["trained"]["rate"]) == (30, 1, 1)
    assert result["folds"] == [1.0] * 10


def test_images_without_a_face_and_unreadable_images_are_left_out(
    openfrs_eval: Eval, images: Path, tmp_path: Path
) -> None:
    (images / "anna" / "empty.png").write_bytes(photo())
    (images / "anna" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    assert openfrs_eval("verify", images, "--no-plots").exit_code == 0
    result = written(tmp_path, "verification-all-pairs")
    assert (result["images"], result["faceless"]) == (8, 2)


def test_identification(openfrs_eval: Eval, images: Path, tmp_path: Path) -> None:
    assert openfrs_eval("identify", images).exit_code == 0
    result = written(tmp_path, "identification")
    assert (result["people"], result["probes"], result["strangers"]) == (2, 3, 3)
    assert result["points"][0]["misses"]["rate"] == 0


def test_quality_with_custom_scores(openfrs_eval: Eval, images: Path, tmp_path: Path) -> None:
    rows = [(path.relative_to(images), place) for place, path in enumerate(sorted(images.glob("*/*.png")))]
    scores = csv_file(tmp_path / "scores.csv", "path,score", rows)
    assert openfrs_eval("quality", images, "--scores", scores).exit_code == 0
    assert [curve["score"] for curve in written(tmp_path, "quality")["curves"]] == [
        "given",
        "total_score",
        "detector's score",
        "sharpness",
    ]
    csv_file(scores, "path,score", rows[1:])
    assert isinstance(openfrs_eval("quality", images, "--scores", scores).exception, OperatorError)


def test_detection(openfrs_eval: Eval, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(photo((200, 40, 40), side=240))
    lines = [{"file": "one.png", "faces": [{"box": [20, 20, 200, 200]}, {"box": [0, 0, 15, 15]}]}]
    (tmp_path / "boxes.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert openfrs_eval("detect", tmp_path / "boxes.jsonl").exit_code == 0
    result = written(tmp_path, "detection")
    assert (result["faces"], result["large_enough"]["hits"], result["false_positives_per_image"]) == (2, 1, 0)


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
    result = written(tmp_path, "liveness")
    assert {each["kind"]: each["passed"]["hits"] for each in result["kinds"]} == {"print": 0, "screen": 1}
    assert result["refused"]["rate"] == 0.5
    assert result["roc"]["print"] == [[1, 0.5], [0, 0.5], [0, 0.5], [0, 0]]
    assert result["roc"]["screen"][:2] == [[1, 0.5], [1, 0.5]]


def test_liveness_of_a_directory(openfrs_eval: Eval, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "ServicePredictor", lambda _: RednessPredictor())
    data = write_data_directory(tmp_path / "data")
    process = openfrs_eval("liveness", data)
    assert process.exit_code == 0, process.output
    assert {path.stem for path in (tmp_path / "report").glob("*.json")} == {"liveness"}
    result = written(tmp_path, "liveness")
    assert (result["kinds"][0]["kind"], result["refused"]["rate"]) == ("print", 0)
    assert (tmp_path / "report" / "liveness-roc.png").read_bytes().startswith(PNG)


def test_calibration(openfrs_eval: Eval, tmp_path: Path) -> None:
    levels = range(56, 256, 16)
    colours = [(red, green, blue) for red in levels for green in levels for blue in levels[::3]]
    for number, colour in enumerate(colours):
        folder = tmp_path / "many" / str(number // 2)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(photo(colour, side=100))
    process = openfrs_eval("calibrate", tmp_path / "many", "--output", tmp_path / "scale.json", "--data", "squares")
    assert process.exit_code == 0, process.output
    scale = Calibration.model_validate_json((tmp_path / "scale.json").read_bytes())
    assert (scale.data, scale.images, scale.people) == ("squares", len(colours), -(-len(colours) // 2))
    assert "Calibration of sface" in process.stdout
    assert not list((tmp_path / "report").glob("*.json"))


def test_too_few_people_make_no_calibration(openfrs_eval: Eval, images: Path, tmp_path: Path) -> None:
    error = openfrs_eval("calibrate", images, "--output", tmp_path / "scale.json").exception
    assert isinstance(error, OperatorError)
    assert str(error).startswith(
        "8 images of 5 people have 5 people; a scale with reliable error rates at similarity 0.93"
    )
    assert not (tmp_path / "scale.json").exists()


def test_an_interrupted_run_resumes(
    openfrs_eval: Eval, images: Path, pipeline: CountingPipeline, tmp_path: Path
) -> None:
    pipeline.fails_at = 5
    assert openfrs_eval("verify", images, "--workers", 1).exit_code != 0
    assert not (tmp_path / "report" / "index.md").exists()
    done = pipeline.detections - 1
    assert done >= 4
    pipeline.detections, pipeline.fails_at = 0, 0
    assert openfrs_eval("verify", images).exit_code == 0
    assert pipeline.detections == IMAGES - done
    assert openfrs_eval("identify", images).exit_code == 0
    assert pipeline.detections == IMAGES - done


def test_a_changed_image_is_processed_again(openfrs_eval: Eval, images: Path, pipeline: CountingPipeline) -> None:
    openfrs_eval("verify", images, "--no-plots")
    (images / "cleo" / "0.png").write_bytes(photo(PEOPLE["anna"], side=300))
    pipeline.detections = 0
    openfrs_eval("verify", images, "--no-plots")
    assert pipeline.detections == 1


def test_the_central_face_can_be_chosen(openfrs_eval: Eval, tmp_path: Path, images: Path) -> None:
    for folder in images.iterdir():
        for path in folder.iterdir():
            path.write_bytes(photo((230, 230, 230), PEOPLE[folder.name], (120, 120, 120), side=140))
    openfrs_eval("verify", images, "--no-plots")
    assert written(tmp_path, "verification-all-pairs")["closest"][0]["score"] == pytest.approx(1)
    openfrs_eval("verify", images, "--no-plots", "--centre")
    assert written(tmp_path, "verification-all-pairs")["closest"][0]["score"] < 0.9


def test_plots_need_matplotlib(
    openfrs_eval: Eval, images: Path, pipeline: CountingPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        plots, "find_spec", lambda name: None if name == "matplotlib" else importlib.util.find_spec(name)
    )
    error = openfrs_eval("verify", images).exception
    assert isinstance(error, OperatorError)
    assert "openfrs[eval]" in str(error)
    assert pipeline.detections == 0
    assert openfrs_eval("verify", images, "--no-plots").exit_code == 0


@pytest.mark.parametrize(
    ("command", "file", "text", "message"),
    [
        ("verify", "nothing", None, "cannot be read"),
        ("verify", "people.csv", "path,name\na,b\n", "missing column person"),
        ("verify", "people.csv", "path,person\n", "no rows"),
        ("verify", "people.csv", "path,person\nmissing.png,anna\n", "does not exist"),
        ("identify", "people.csv", "path,person\n\xff,\n", "does not exist"),
        ("detect", "boxes.jsonl", "{}\n", "boxes"),
        ("detect", "boxes.jsonl", "", "no images"),
        ("liveness", "s.csv", "label,kind,score\nreal,,1\n", "must be live or attack"),
        ("liveness", "s.csv", "label,kind,score\nlive,,x\n", "is not a number"),
        ("liveness", "s.csv", "label,kind,score\nlive,,1\n", "both live"),
    ],
)
def test_errors_of_input_files_are_one_line(
    openfrs_eval: Eval, tmp_path: Path, command: str, file: str, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / file).write_text(text, encoding="utf-8")
    error = openfrs_eval(command, tmp_path / file, "--no-plots").exception
    assert isinstance(error, OperatorError)
    assert message in str(error)
    assert "\n" not in str(error)


def test_an_empty_folder_is_an_error(openfrs_eval: Eval, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "has no images" in str(openfrs_eval("verify", tmp_path / "empty").exception)


def test_an_invalid_cache_is_an_error(openfrs_eval: Eval, images: Path, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "cache.db").write_bytes(b"not a database, and too long to be an empty one" * 20)
    assert "cache" in str(openfrs_eval("verify", images, "--no-plots").exception)


def test_a_result_of_another_release_is_replaced(openfrs_eval: Eval, images: Path, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    for name in ("identification", "older"):
        (tmp_path / "report" / f"{name}.json").write_text('{"evaluation": "identification"}')
    assert openfrs_eval("identify", images, "--no-plots").exit_code == 0
    page = (tmp_path / "report" / "index.md").read_text()
    assert "## identification" in page
    assert "## older" not in page
