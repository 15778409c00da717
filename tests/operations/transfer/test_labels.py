"""Labels of images that were imported before."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from openfrs.core.settings import Settings
from openfrs.faces.imports.images import ImportOptions
from openfrs.faces.imports.report import Line, Outcome
from openfrs.operations.transfer.images import Importing, import_images
from openfrs.operations.transfer.tables import mapped_items
from tests.support.data_directories import colour, enrolled, new_data, write_images
from tests.support.fake_models import load


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return new_data(tmp_path / "data", "s")


def run(data: Path, table: Path, rows: str, *, update: bool = False, dry: bool = False) -> list[Line]:
    """Import a table with these rows, and return the report lines by row."""
    table.write_text(f"file,external_image_id,n,who\n{rows}")
    lines: list[Line] = []
    job = Importing("s", options=ImportOptions(update=update, dry=dry))
    import_images(Settings(data=data), mapped_items(table), job, lines.append, load_pipeline=load)
    return sorted(lines, key=lambda line: line.file)


def labels(data: Path) -> list[tuple[str, dict[str, object]]]:
    """Return external image id and fields of every face."""
    return [(image_id, json.loads(fields)) for _, _, image_id, fields in enrolled(data)]


def test_a_changed_label_is_a_conflict_unless_it_is_to_be_applied(data: Path, tmp_path: Path) -> None:
    write_images(tmp_path / "images", 2)
    table = tmp_path / "images" / "t.csv"
    run(data, table, "person0/1.png,anna,7,\nperson1/1.png,bert,8,\n")
    changed = "person0/1.png,anne,9,Anne\nperson1/1.png,bert,,\n"
    conflict, present = run(data, table, changed)
    assert (conflict.outcome, conflict.external_image_id, conflict.fields) == (Outcome.REFUSED, "anna", {"n": 7})
    for part in ("n is 7, not 9", "who is not set, not Anne", "external_image_id is anna, not anne", "--update"):
        assert part in str(conflict.reason)
    assert (present.outcome, present.external_image_id, present.fields) == (Outcome.PRESENT, "bert", {"n": 8})
    assert sorted(image_id for image_id, _ in labels(data)) == ["anna", "bert"]

    dry, _ = run(data, table, changed, update=True, dry=True)
    assert sorted(image_id for image_id, _ in labels(data)) == ["anna", "bert"]
    updated, present = run(data, table, changed, update=True)
    assert (dry.outcome, dry.fields) == (updated.outcome, updated.fields) == (Outcome.UPDATED, {"n": 9, "who": "Anne"})
    assert present.outcome is Outcome.PRESENT
    assert updated.face_ids == conflict.face_ids
    assert ("anne", {"n": 9, "who": "Anne"}) in labels(data)
    assert [line.outcome for line in run(data, table, changed)] == [Outcome.PRESENT] * 2


def test_the_report_has_what_is_stored(data: Path, tmp_path: Path) -> None:
    write_images(tmp_path / "images", 2)
    table = tmp_path / "images" / "t.csv"
    run(data, table, "person0/1.png,anna,7,\n")
    present, refused = run(data, table, "person0/1.png,,,\nperson1/1.png,bert,x,\n")
    ((_, face_id, _, _),) = enrolled(data)
    assert json.loads(present.as_json()) == {
        "file": "person0/1.png",
        "outcome": "present",
        "external_image_id": "anna",
        "external_fields": {"n": 7},
        "faces": 0,
        "face_ids": [face_id],
    }
    assert refused.outcome is Outcome.REFUSED
    assert refused.external_image_id is None


@pytest.mark.parametrize("size", [(6000, 4000), (6048, 8064)])
def test_photos_above_the_limit_of_the_api_are_reduced(data: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[500:2500, 500:2500] = colour(1)[::-1]
    cv2.imwrite(str(tmp_path / "1.jpg"), image)
    cv2.imwrite(str(tmp_path / "2.png"), image[:, :, ::-1])
    added, refused = run(data, tmp_path / "t.csv", "1.jpg,anna,,\n2.png,bert,,\n")
    assert (added.outcome, added.faces) == (Outcome.ADDED, 1)
    assert "4096" in str(refused.reason)
