"""Import of images: each is reported, and enrolled only once."""

import json
from collections import Counter
from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.settings import Settings
from openfrs.faces.external_ids import external_id_of
from openfrs.faces.imports.images import ImportedIds, ImportOptions
from openfrs.faces.imports.report import Line, Outcome
from openfrs.operations.transfer.images import Importing, import_images
from openfrs.operations.transfer.sources import Naming, folder_items
from openfrs.operations.transfer.tables import mapped_items
from openfrs.services import Services
from openfrs.store.data_directory import DataDirectory
from tests.support.data_directories import colour, enrolled, new_data, project_of, write_images
from tests.support.fake_models import FakePipeline, load, photo


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return new_data(tmp_path / "data", "s")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    write_images(folder, 4)
    return folder


def run(
    data: Path,
    source: Path,
    naming: Naming = Naming.FOLDER,
    *,
    single: bool = True,
    dry: bool = False,
    name: str = "s",
    create: dict[str, object] | None = None,
    update: bool = False,
) -> dict[str, Line]:
    """Import, and return the report lines by file."""
    items = folder_items(source, naming) if source.is_dir() else mapped_items(source)
    lines: list[Line] = []
    job = Importing(name, create=create, options=ImportOptions(single=single, dry=dry, update=update))
    tally = import_images(Settings(data=data), items, job, lines.append, load_pipeline=load)
    assert tally.outcomes == Counter(line.outcome for line in lines)
    assert tally.faces == sum(line.faces for line in lines)
    return {line.file: line for line in lines}


def test_a_folder_tree_is_enrolled_under_the_names_of_its_folders(data: Path, folder: Path) -> None:
    (folder / "Zoë B.png").write_bytes(photo(colour(99)))
    report = run(data, folder)
    ids = {line.external_image_id: line.face_ids for line in report.values()}
    assert set(ids) == {"person0", "person1", "person2", "person3", external_id_of("Zoë B")}
    assert all(line.outcome is Outcome.ADDED for line in report.values())
    assert {(image, (face_id,)) for _, face_id, image, _ in enrolled(data)} == {
        (image, tuple(face_ids)) for image, face_ids in ids.items()
    }
    audit = [json.loads(line) for line in (data / "audit.jsonl").read_text("utf-8").splitlines()]
    assert (audit[-1]["event"], audit[-1]["faces"], audit[-1]["added"]) == ("import", 5, 5)


def test_images_can_be_named_by_file(data: Path, folder: Path) -> None:
    report = run(data, folder, Naming.FILE)
    assert {line.external_image_id for line in report.values()} == {"1"}


def test_present_images_are_skipped_and_changed_ones_are_not(data: Path, folder: Path) -> None:
    run(data, folder)
    before = enrolled(data)
    (folder / "person0" / "1.png").write_bytes(photo(colour(50)))
    report = run(data, folder)
    assert {line.file: line.outcome for line in report.values()} == {
        "person0/1.png": Outcome.ADDED,
        **{f"person{number}/1.png": Outcome.PRESENT for number in (1, 2, 3)},
    }
    assert enrolled(data)[:4] == before
    assert len(enrolled(data)) == 5


def test_a_rejected_image_is_reported_with_the_reason_and_stops_no_other(data: Path, folder: Path) -> None:
    (folder / "person0" / "1.png").write_bytes(b"not an image")
    (folder / "person1" / "1.png").write_bytes(photo())
    (folder / "person2" / "1.png").unlink()
    (folder / "person2" / "1.png").symlink_to("nowhere")
    report = run(data, folder)
    reasons = {line.file: line.reason for line in report.values() if line.outcome is Outcome.REFUSED}
    assert set(reasons) == {f"person{number}/1.png" for number in range(3)}
    assert "No such file" in str(reasons["person2/1.png"])
    assert len(enrolled(data)) == 1


@pytest.mark.parametrize("fields", [None, {}])
def test_different_names_are_different_people_also_across_runs(
    data: Path, tmp_path: Path, fields: dict[str, object] | None
) -> None:
    names = ["Ann Marie", "Ann_Marie", "张三", "赵六", "王小明", "x" * 37, "Zoë", "Zoe", "علی"]
    name = "s" if fields is None else "t"
    for number, person in enumerate(names):
        folder = tmp_path / f"images{number}" / person
        folder.mkdir(parents=True)
        (folder / "1.png").write_bytes(photo(colour(number)))
        (line,) = run(data, folder.parent, name=name, create=fields).values()
        assert (line.outcome, line.external_image_id) == (Outcome.ADDED, external_id_of(person))
        assert line.fields == ({} if fields is None else {"name": person})
    rows = enrolled(data)
    assert len({image_id for _, _, image_id, _ in rows}) == len(names)
    assert [json.loads(row[3]).get("name") for row in rows] == [None if fields is None else each for each in names]
    with DataDirectory(data).lock():
        services = Services.open(Settings(data=data), FakePipeline())
        services.faces.delete(project_of(services), name, "external_image_id", external_id_of("Ann Marie"))
        services.close()
    assert [row[2] for row in enrolled(data)] == [external_id_of(each) for each in names[1:]]


def test_an_id_that_another_name_has_is_a_conflict(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    for number, person in enumerate(["张三", external_id_of("张三"), "张三"]):
        (folder / str(number) / person).mkdir(parents=True)
        (folder / str(number) / person / f"{number}.png").write_bytes(photo(colour(number)))
    outcomes = [next(iter(run(data, folder / str(n), name="t", create={}).values())) for n in range(3)]
    assert [line.outcome for line in outcomes] == [Outcome.ADDED, Outcome.REFUSED, Outcome.ADDED]
    assert "conflict" in str(outcomes[1].reason)
    assert [json.loads(fields) for *_, fields in enrolled(data)] == [{"name": "张三"}] * 2


def test_a_set_without_a_field_for_names_is_counted(data: Path, tmp_path: Path) -> None:
    for name in ("张三", "anna"):
        (tmp_path / "images" / name).mkdir(parents=True)
        (tmp_path / "images" / name / "1.png").write_bytes(photo(colour(len(name))))
    items = folder_items(tmp_path / "images", Naming.FOLDER)
    tally = import_images(Settings(data=data), items, Importing("s"), lambda line: None, load_pipeline=load)
    assert tally.unnamed == 1
    items = folder_items(tmp_path / "images", Naming.FOLDER)
    job = Importing("s", options=ImportOptions(name_field="who"))
    (tmp_path / "images" / "anna" / "2.png").write_bytes(photo(colour(7)))
    tally = import_images(Settings(data=data), items, job, lambda line: None, load_pipeline=load)
    assert tally.unnamed == 0
    assert json.loads(enrolled(data)[-1][3]) == {"who": "anna"}


def test_a_dry_run_reports_the_same_and_writes_nothing(data: Path, folder: Path) -> None:
    (folder / "person0" / "1.png").write_bytes(b"not an image")
    dry = run(data, folder, dry=True)
    assert enrolled(data) == []
    assert not (data / "audit.jsonl").exists()
    real = run(data, folder)
    reports = [
        {name: (line.outcome, line.faces, line.reason) for name, line in report.items()} for report in (dry, real)
    ]
    assert reports[0] == reports[1]


def test_a_dry_run_reports_duplicates_that_the_policy_rejects(data: Path, folder: Path) -> None:
    with DataDirectory(data).lock():
        services = Services.open(Settings(data=data), FakePipeline())
        services.policies.set_policy(project_of(services), "s", {"duplicate_false_match_rate": 0.0001})
        services.close()
    run(data, folder)
    write_images(folder, 2, first=4)
    write_images(folder / "again", 6)  # four enrolled people and two new ones
    (folder / "pair.png").write_bytes(photo(colour(0), colour(6)))
    dry = run(data, folder, single=False, dry=True)
    assert len(enrolled(data)) == 4
    real = run(data, folder, single=False)
    reports = [Counter((line.outcome, line.faces, line.reason) for line in report.values()) for report in (dry, real)]
    assert reports[0] == reports[1]
    added = {line.file: line.faces for line in dry.values() if line.outcome is Outcome.ADDED}
    assert sorted(added.values()) == [1, 1, 1]
    assert "pair.png" in added
    rejected = [line.reason for line in dry.values() if line.outcome is Outcome.REFUSED]
    assert len(rejected) == 6
    assert all(str(reason).endswith("DUPLICATE_PERSON") for reason in rejected)


@pytest.mark.parametrize(("single", "faces"), [(True, 1), (False, 2)])
def test_the_main_face_or_all(data: Path, tmp_path: Path, single: bool, faces: int) -> None:
    folder = tmp_path / "pairs"
    folder.mkdir()
    (folder / "pair.png").write_bytes(photo(colour(1), colour(2)))
    for _ in range(2):
        run(data, folder, single=single)
        assert [image for _, _, image, _ in enrolled(data)] == ["pair"] * faces


def test_a_csv_file_has_ids_and_custom_fields(data: Path, folder: Path) -> None:
    mapping = folder / "people.csv"
    mapping.write_text(
        "file,external_image_id,n,who\n"
        'person0/1.png,anna,7,"Anna, a person"\n'
        "person1/1.png,,,\n"
        "person2/1.png,carl,seven,\n"
        "person9/1.png,dora,,\n"
    )
    report = run(data, mapping)
    added = {image: json.loads(fields) for _, _, image, fields in enrolled(data)}
    assert added.pop("anna") == {"n": 7, "who": "Anna, a person"}
    ((face_id, fields),) = added.items()
    assert (report["person1/1.png"].face_ids, fields) == ([face_id], {})
    assert "n" in str(report["person2/1.png"].reason)
    assert "No such file" in str(report["person9/1.png"].reason)


def test_a_jsonl_file_has_ids_and_custom_fields(data: Path, folder: Path) -> None:
    mapping = folder / "people.jsonl"
    rows = [
        {"file": "person0/1.png", "external_image_id": "anna", "external_fields": {"n": 7}},
        {"file": "person1/1.png", "external_image_id": "a b"},
        {"file": "person2/1.png", "external_fields": {"m": 7}},
        {"file": "person3/1.png", "external_fields": {"n": "7"}},
    ]
    mapping.write_text("\n\n".join(map(json.dumps, rows)))
    report = run(data, mapping)
    added = {image: json.loads(fields) for _, _, image, fields in enrolled(data)}
    assert added == {"anna": {"n": 7}, external_id_of("a b"): {}}
    rejected = [report[f"person{number}/1.png"] for number in (2, 3)]
    assert [line.outcome for line in rejected] == [Outcome.REFUSED] * 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.csv", "name\nanna\n", "no column file"),
        ("x.csv", "file\na,b\n", "more cells"),
        ("x.csv", "file,external_image_id\n,anna\n", "image 1 has no file"),
        ("x.jsonl", "[1]", "must be a JSON object"),
        ("x.jsonl", "{", "cannot be read"),
        ("x.jsonl", '{"file": 1}', "has no file"),
        ("x.jsonl", '{"file": "a", "external_image_id": 1}', "not a string"),
        ("x.txt", "", "neither a folder nor"),
    ],
)
def test_an_invalid_table_is_rejected_in_one_line(
    data: Path, tmp_path: Path, name: str, content: str, reason: str
) -> None:
    mapping = tmp_path / name
    mapping.write_text(content)
    with pytest.raises(OperatorError, match=reason):
        run(data, mapping)
    assert enrolled(data) == []


def test_invalid_import_targets_are_rejected(data: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"FRS\.0302"):
        run(data, folder, name="t")
    with pytest.raises(OperatorError, match="not an OpenFRS data directory"):
        run(tmp_path / "none", folder)
    with pytest.raises(OperatorError, match="cannot read"):
        list(folder_items(tmp_path / "no", Naming.FILE))


def test_a_face_set_is_created_on_request(data: Path, folder: Path) -> None:
    job = Importing("new", create={"age": {"type": "long"}})
    for _ in range(2):
        items = folder_items(folder, Naming.FOLDER)
        import_images(Settings(data=data), items, job, lambda line: None, load_pipeline=load)
    assert [name for name, *_ in enrolled(data)] == ["new"] * 4


def test_fields_are_added_to_an_empty_face_set_only(data: Path, folder: Path) -> None:
    (folder / "t.csv").write_text("file,external_image_id,age\nperson0/1.png,anna,31\n")
    (line,) = run(data, folder / "t.csv", name="new", create={}).values()
    assert "age" in str(line.reason)
    (line,) = run(data, folder / "t.csv", name="new", create={"age": {"type": "integer"}}).values()
    assert line.fields == {"name": "anna", "age": 31}
    (line,) = run(data, folder / "t.csv", name="new", create={"age": {"type": "integer"}}).values()
    assert line.outcome is Outcome.PRESENT
    for field, reason in (("city", "no field city"), ("age", "declares age as integer")):
        with pytest.raises(ServiceError, match=reason):
            run(data, folder, name="new", create={field: {"type": "string"}})


def test_an_unknown_project_is_rejected_before_models_are_loaded(data: Path, folder: Path) -> None:
    items = folder_items(folder, Naming.FOLDER)
    with pytest.raises(OperatorError, match="no project nobody"):
        import_images(
            Settings(data=data),
            items,
            Importing("s", "nobody"),
            print,
            load_pipeline=lambda _: pytest.fail("models are loaded"),
        )


def test_ids_depend_on_face_set_name_and_bytes() -> None:
    ids = ImportedIds("12345678", "a/1.png", b"x")(3)
    assert ids == ImportedIds("12345678", "a/1.png", b"x")(3)
    assert all(len(each) == 8 and each.isalnum() for each in ids)
    others = [ImportedIds(*each)(1)[0] for each in (("12345679", "a/1.png", b"x"), ("12345678", "a/2.png", b"x"))]
    others += [ImportedIds("12345678", "a/1.png", b"y")(1)[0], *ids]
    assert len(set(others)) == 6
