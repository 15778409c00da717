"""Import over the API: by the rules of the local import, and each image once, whatever happens to requests."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from openfrs.client import AccessKey, Client, Retries, operations
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.faces.imports.images import ImportOptions
from openfrs.faces.imports.report import Line, Outcome
from openfrs.operations.transfer.images import Importing, import_images
from openfrs.operations.transfer.remote import import_to_server, read_key_file
from openfrs.operations.transfer.sources import Naming, folder_items
from openfrs.operations.transfer.tables import mapped_items
from tests.support.data_directories import colour, enrolled, new_data, write_images
from tests.support.fake_models import load, photo
from tests.support.in_process import InProcessServer

QUICK = Retries(attempts=30, max_seconds=0)


@pytest.fixture(autouse=True)
def _clean(server: InProcessServer) -> Iterator[None]:
    yield
    server.delete_face_sets()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    write_images(folder, 6)
    return folder


class Lossy(httpx.BaseTransport):
    """Loses some answers of imports after the server has performed them, and turns some requests away before."""

    def __init__(self, transport: httpx.BaseTransport, seed: int) -> None:
        self._transport = transport
        self._random = random.Random(seed)
        self.lost = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        chance = self._random.random() if request.url.path.endswith("/imports") else 1.0
        if chance < 0.15:
            return httpx.Response(429, headers={"Retry-After": "0"}, json={"error_code": "FRS.0033", "error_msg": ""})
        response = self._transport.handle_request(request)
        if chance < 0.45:
            response.read()
            self.lost += 1
            raise httpx.ReadError("the connection broke")
        return response


def remote(
    server: InProcessServer,
    source: Path,
    job: Importing,
    *,
    parallel: int = 3,
    transport: httpx.BaseTransport | None = None,
    on_request: Callable[[httpx.Request], None] = lambda _: None,
) -> dict[str, Line]:
    """Import over the API, and return the report lines by file."""
    keys = server.credentials
    http = httpx.Client(transport=transport or server.transport, event_hooks={"request": [on_request]})
    lines: list[Line] = []
    items = folder_items(source, Naming.FOLDER) if source.is_dir() else mapped_items(source)
    with Client(server.endpoint, AccessKey(keys["access_key"], keys["secret_key"]), retries=QUICK, http=http) as client:
        tally = import_to_server(client, items, job, lines.append, parallel=parallel)
    assert tally.outcomes == Counter(line.outcome for line in lines)
    return {line.file: line for line in lines}


def create(**options: Any) -> Importing:
    return Importing("s", options=ImportOptions(**options), create={})


def stored_faces(server: InProcessServer) -> list[tuple[Any, ...]]:
    """Return the faces of the server's project; other tests leave some in projects of theirs."""
    return enrolled(server.data, server.credentials["project_id"])


def rows(server: InProcessServer) -> Counter[str]:
    """Return the number of faces by external image id."""
    return Counter(image_id for _, _, image_id, _ in stored_faces(server))


@pytest.mark.parametrize("options", [{}, {"single": False}])
def test_the_report_is_that_of_the_local_import(
    server: InProcessServer, folder: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    """Names of any script, rejected images, several faces and no face: line by line the same."""
    for name in ("张三", "Zoë", "علی", "Ann Marie"):
        (folder / name).mkdir()
        (folder / name / "1.png").write_bytes(photo(colour(len(name) + 20), colour(ord(name[0]) % 90)))
    (folder / "person0" / "1.png").write_bytes(b"not an image")
    (folder / "person1" / "1.png").write_bytes(photo())
    (folder / "person2" / "1.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (folder / "person3" / "1.png").chmod(0o644)
    data = new_data(tmp_path / "data")
    local: list[Line] = []
    items = folder_items(folder, Naming.FOLDER)
    import_images(Settings(data=data), items, create(**options), local.append, load_pipeline=load)
    over_api = remote(server, folder, create(**options))
    expected = {line.file: replace(line, face_ids=[""] * len(line.face_ids)) for line in local}
    assert {name: replace(line, face_ids=[""] * len(line.face_ids)) for name, line in over_api.items()} == expected
    assert Counter(line.outcome for line in local)[Outcome.REFUSED] == 3


def test_a_second_import_finds_everything_without_sending_images(server: InProcessServer, folder: Path) -> None:
    remote(server, folder, create())
    before, sent = stored_faces(server), []

    def record(request: httpx.Request) -> None:
        if request.url.path.endswith("/imports"):
            sent.append("image_base64" in json.loads(request.content))

    report = remote(server, folder, create(), on_request=record)
    assert {line.outcome for line in report.values()} == {Outcome.PRESENT}
    assert sent == [False] * 6
    assert stored_faces(server) == before
    (folder / "person0" / "1.png").write_bytes(photo(colour(50)))
    (folder / "person9").mkdir()
    (folder / "person9" / "1.png").write_bytes(photo(colour(60)))
    report = remote(server, folder, create())
    assert Counter(line.outcome for line in report.values()) == {Outcome.PRESENT: 5, Outcome.ADDED: 2}


@pytest.mark.parametrize("seed", range(3))
def test_lost_answers_enrol_no_image_twice(server: InProcessServer, folder: Path, seed: int) -> None:
    write_images(folder, 14, first=6)
    lossy = Lossy(server.transport, seed)
    report = remote(server, folder, create(), transport=lossy)
    assert lossy.lost > 2
    assert {line.outcome for line in report.values()} <= {Outcome.ADDED, Outcome.PRESENT}
    assert rows(server) == {f"person{number}": 1 for number in range(20)}
    stored = {face_id for _, face_id, _, _ in stored_faces(server)}
    assert {face_id for line in report.values() for face_id in line.face_ids} == stored


def test_imports_at_the_same_time_enrol_each_image_once(server: InProcessServer, folder: Path) -> None:
    remote(server, folder / "person0", create())
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda _: remote(server, folder, create()), range(3)))
    assert all(line.outcome is not Outcome.REFUSED for report in reports for line in report.values())
    faces = {line.face_ids[0] for report in reports for line in report.values()}
    assert len(faces) == 6


def test_labels_of_a_table_are_compared_and_updated(server: InProcessServer, folder: Path) -> None:
    job = Importing("s", create={"age": {"type": "integer"}})
    table = folder / "people.csv"
    table.write_text("file,external_image_id,age\nperson0/1.png,Anna,31\nperson1/1.png,Bert,x\n")
    report = remote(server, table, job)
    assert report["person0/1.png"].fields == {"age": 31, "name": "Anna"}
    assert report["person1/1.png"].reason == "The value of the custom field age is not of its declared type integer."
    table.write_text("file,external_image_id,age\nperson0/1.png,Anna,32\n")
    (line,) = remote(server, table, job).values()
    assert line.reason == "conflict: imported before, age is 31, not 32; --update changes it"
    (line,) = remote(server, table, replace(job, options=ImportOptions(update=True))).values()
    assert (line.outcome, line.reason, line.fields["age"]) == (Outcome.UPDATED, "age is 31, now 32", 32)


def test_a_photo_of_a_large_camera_is_reduced_before_it_is_sent(server: InProcessServer, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "anna.jpg").write_bytes(photo(colour(3), side=4600, suffix=".jpg"))
    sizes = []
    report = remote(server, tmp_path / "images", create(), on_request=lambda each: sizes.append(len(each.content)))
    assert [line.outcome for line in report.values()] == [Outcome.ADDED]
    report = remote(server, tmp_path / "images", create())
    assert [line.outcome for line in report.values()] == [Outcome.PRESENT]


def test_a_dry_run_writes_nothing(server: InProcessServer, folder: Path) -> None:
    with pytest.raises(OperatorError, match=r"FRS\.0302"):
        remote(server, folder, create(dry=True))
    with server.http() as http:
        http.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
    report = remote(server, folder, create(dry=True))
    assert [line.faces for line in report.values()] == [1] * 6
    assert stored_faces(server) == []


def test_what_all_images_would_run_into_stops_the_import(server: InProcessServer, folder: Path) -> None:
    with pytest.raises(OperatorError, match=r"FRS\.0302: The face set s does not exist"):
        remote(server, folder, Importing("s"))
    remote(server, folder, Importing("s", create={"age": {"type": "integer"}}))
    with pytest.raises(OperatorError, match="does not declare age as --fields does"):
        remote(server, folder, Importing("s", create={"age": {"type": "string"}}))

    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(OperatorError, match="does not answer: ConnectError; run the command again to resume"):
        remote(server, folder, create(), transport=httpx.MockTransport(unreachable))


def test_a_key_file_is_that_of_the_command_or_the_first_account(server: InProcessServer, tmp_path: Path) -> None:
    key = read_key_file(server.data / "credentials.json", None)
    assert key.access_key == server.credentials["access_key"]
    assert server.credentials["secret_key"] not in repr(key)
    for text, message in (("{}", "must be JSON with access_key"), ("[", "must be JSON"), (None, "cannot read")):
        file = tmp_path / "key.json"
        if text is None:
            file.unlink()
        else:
            file.write_text(text)
        with pytest.raises(OperatorError, match=message):
            read_key_file(file, None)


def test_the_command_on_the_data_of_a_running_server_offers_this(server: InProcessServer, folder: Path) -> None:
    with pytest.raises(OperatorError, match=r"in use by another OpenFRS process; .* --server URL --key-file FILE"):
        import_images(
            Settings(data=server.data), folder_items(folder, Naming.FOLDER), create(), print, load_pipeline=load
        )


def test_an_image_that_was_not_imported_is_absent(server: InProcessServer) -> None:
    keys = server.credentials
    key = AccessKey(keys["access_key"], keys["secret_key"])
    with Client(server.endpoint, key, http=server.client()) as client:
        client.send(operations.create_face_set("s"))
        result = client.send(operations.import_image("s", "a.jpg", sha256="0" * 64))
        assert (result.outcome, result.face_ids) == ("absent", [])
