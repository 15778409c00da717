import hashlib
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from openfrs.core.errors import OperatorError
from openfrs.vision.weights.download import download, read_members, sha256_of
from openfrs.vision.weights.manifest import Artefact
from tests.support.archives import MEMBERS, PHOTOS, artefact, source_archive, wheel


def no_progress(done: int, total: int) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that pip uses as its only source."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def mirror(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same directory, served over HTTP."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_FIND_LINKS", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield folder
        server.shutdown()


def error_of(requested: Artefact) -> str:
    with pytest.raises(OperatorError) as caught, download(requested, no_progress):
        pytest.fail("the download succeeded")
    return str(caught.value)


def test_an_artefact_is_downloaded_from_the_configured_index(folder: Path) -> None:
    path = wheel(folder)
    with download(artefact(path), no_progress) as fetched:
        assert fetched != path
        assert fetched.read_bytes() == path.read_bytes()
    assert not fetched.exists()


def test_progress_is_reported(mirror: Path) -> None:
    path = wheel(mirror, ballast=3_000_000)
    steps: list[tuple[int, int]] = []
    with download(artefact(path), lambda done, total: steps.append((done, total))):
        pass
    size = path.stat().st_size
    assert steps[-1] == (size, size)
    assert steps == sorted(steps)


def test_an_artefact_with_another_hash_is_rejected_in_one_line(folder: Path) -> None:
    requested = artefact(wheel(folder)).model_copy(update={"sha256": "0" * 64})
    message = error_of(requested)
    assert message.startswith("cannot fetch tinyweights==1.2: ERROR: ")
    assert "HASHES" in message
    assert "\n" not in message


def test_a_missing_artefact_is_reported_in_one_line(folder: Path) -> None:
    requested = artefact(wheel(folder)).model_copy(update={"version": "9"})
    assert (
        error_of(requested) == "cannot fetch tinyweights==9: ERROR: No matching distribution found for tinyweights==9"
    )


def test_a_file_with_another_name_is_rejected(folder: Path) -> None:
    requested = artefact(wheel(folder)).model_copy(update={"filename": "tinyweights-1.2-cp311-none-any.whl"})
    assert error_of(requested) == f"cannot fetch tinyweights==1.2: pip did not download {requested.filename}"


def test_members_of_a_wheel_keep_their_names(tmp_path: Path) -> None:
    files = read_members(wheel(tmp_path))
    assert {name: files[name] for name in MEMBERS} == MEMBERS


def test_members_of_a_bundle_inside_a_wheel_are_read(tmp_path: Path) -> None:
    bundle, path = io.BytesIO(), tmp_path / "tiny.whl"
    with zipfile.ZipFile(bundle, "w") as inner:
        inner.writestr("one.tflite", b"one")
    with zipfile.ZipFile(path, "w") as outer:
        outer.writestr("models/tiny.task", bundle.getvalue())
    assert read_members(path)["models/tiny.task/one.tflite"] == b"one"


def test_the_top_directory_of_a_source_archive_is_removed(tmp_path: Path) -> None:
    assert read_members(source_archive(tmp_path)) == PHOTOS


def test_a_file_that_is_not_an_archive_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    with pytest.raises(OperatorError, match="is not a wheel, a source archive or an npm package"):
        read_members(tmp_path / "text")


def test_the_hash_of_a_file(tmp_path: Path) -> None:
    data = b"x" * 3_000_000
    (tmp_path / "file").write_bytes(data)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(data).hexdigest()


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artefact:
    """A package, and a fake npm that copies it to the pack destination."""
    packed = tmp_path / "tiny-weights-1.2.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        member = tarfile.TarInfo("package/model/one.onnx")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"one"))
    client = tmp_path / "bin" / "npm"
    client.parent.mkdir()
    client.write_text(
        "#!/bin/sh\n"
        'case "$1 $2 $3 $4" in\n'
        f'"pack tiny-weights@1.2 --ignore-scripts --pack-destination") cp "{packed}" "$5" ;;\n'
        '*) echo "npm error code E404"; exit 1 ;;\n'
        "esac\n"
    )
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}{os.pathsep}{os.environ['PATH']}")
    return Artefact(
        registry="npm", package="tiny-weights", version="1.2", filename=packed.name, sha256=sha256_of(packed)
    )


def test_an_npm_package_is_packed_and_checked(npm: Artefact) -> None:
    steps: list[tuple[int, int]] = []
    with download(npm, lambda done, total: steps.append((done, total))) as fetched:
        assert read_members(fetched) == {"model/one.onnx": b"one"}
        assert steps == [(fetched.stat().st_size,) * 2]


def test_an_npm_package_with_another_hash_is_rejected(npm: Artefact) -> None:
    message = error_of(npm.model_copy(update={"sha256": "0" * 64}))
    assert message == f"cannot fetch tiny-weights@1.2: its SHA-256 is {npm.sha256}, but the manifest states {'0' * 64}"


def test_a_missing_npm_package_is_reported_in_one_line(npm: Artefact) -> None:
    assert error_of(npm.model_copy(update={"version": "9"})) == "cannot fetch tiny-weights@9: npm error code E404"


def test_without_npm_the_error_names_the_import_command(
    npm: Artefact, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    message = error_of(npm)
    assert "npm is not installed" in message
    assert message.endswith("openfrs models import tiny-weights-1.2.tgz")
    assert "\n" not in message
