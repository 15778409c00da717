import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from openfrs.errors import OperatorError
from openfrs.vision.artefacts import downloaded, members, sha256_of
from openfrs.vision.manifest import Artefact

from .archives import MEMBERS, PHOTOS, artefact, source_archive, wheel


def no_progress(done: int, total: int) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that an operator has pip find everything in."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def mirror(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same directory, found over HTTP."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_FIND_LINKS", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield folder
        server.shutdown()


def refused(wanted: Artefact) -> str:
    with pytest.raises(OperatorError) as caught, downloaded(wanted, no_progress):
        pytest.fail("it came")
    return str(caught.value)


def test_an_artefact_comes_from_where_pip_is_told_to_look(folder: Path) -> None:
    path = wheel(folder)
    with downloaded(artefact(path), no_progress) as fetched:
        assert fetched != path
        assert fetched.read_bytes() == path.read_bytes()
    assert not fetched.exists()


def test_progress_is_told(mirror: Path) -> None:
    path = wheel(mirror, ballast=3_000_000)
    told: list[tuple[int, int]] = []
    with downloaded(artefact(path), lambda done, total: told.append((done, total))):
        pass
    size = path.stat().st_size
    assert told[-1] == (size, size)
    assert told == sorted(told)


def test_an_artefact_of_another_hash_is_refused_in_one_line(folder: Path) -> None:
    wanted = artefact(wheel(folder)).model_copy(update={"sha256": "0" * 64})
    message = refused(wanted)
    assert message.startswith("cannot fetch tinyweights==1.2: ERROR: ")
    assert "HASHES" in message
    assert "\n" not in message


def test_an_artefact_that_is_nowhere_is_refused_in_one_line(folder: Path) -> None:
    wanted = artefact(wheel(folder)).model_copy(update={"version": "9"})
    assert refused(wanted) == "cannot fetch tinyweights==9: ERROR: No matching distribution found for tinyweights==9"


def test_a_file_of_another_name_is_refused(folder: Path) -> None:
    wanted = artefact(wheel(folder)).model_copy(update={"filename": "tinyweights-1.2-cp311-none-any.whl"})
    assert refused(wanted) == "cannot fetch tinyweights==1.2: pip brought no such file"


def test_a_wheel_s_files_are_named_as_in_it(tmp_path: Path) -> None:
    files = members(wheel(tmp_path))
    assert {name: files[name] for name in MEMBERS} == MEMBERS


def test_the_top_folder_of_a_source_archive_is_left_off(tmp_path: Path) -> None:
    assert members(source_archive(tmp_path)) == PHOTOS


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    with pytest.raises(OperatorError, match="neither a wheel nor a source archive"):
        members(tmp_path / "text")


def test_the_hash_of_a_file(tmp_path: Path) -> None:
    data = b"x" * 3_000_000
    (tmp_path / "file").write_bytes(data)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(data).hexdigest()
