"""An archive is accepted only if none of its bytes was altered."""

import io
import json
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openfrs.core.errors import OperatorError
from openfrs.operations.transfer.archive.container import Archive, new_archive
from openfrs.operations.transfer.archive.keys import public_key

KEY = Ed25519PrivateKey.generate()
FACES = bytes(range(256)) * 3


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / "a.frs"
    with new_archive(file, KEY, None) as faces:
        faces.write(FACES)
    return file


def read(path: Path, passphrase: str | None = None) -> bytes:
    with path.open("rb") as file:
        return io.BufferedReader(Archive(path, file, lambda _: None).faces(passphrase)).read()


def test_an_archive_is_a_tar_with_mode_0600(archive: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert [file.name for file in archive.parent.iterdir()] == ["a.frs"]
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["archive.json", "faces.parquet", "signature"]
        head, faces, signature = (tar.extractfile(name) for name in tar.getnames())
        assert head is not None
        assert faces is not None
        assert signature is not None
        assert json.loads(head.read())["signed_by"] == public_key(KEY)
        assert faces.read() == FACES
        assert len(signature.read()) == 64
    assert read(archive) == FACES


def test_an_encrypted_archive_reveals_nothing_of_the_faces(tmp_path: Path) -> None:
    file = tmp_path / "a.frs"
    with new_archive(file, KEY, "pass") as faces:
        faces.write(FACES)
    assert FACES[:32] not in file.read_bytes()
    assert read(file, "pass") == FACES
    with pytest.raises(OperatorError, match="passphrase"):
        read(file, "word")
    with pytest.raises(OperatorError, match="is encrypted"):
        read(file)


@pytest.mark.fuzz
def test_a_change_of_any_byte_is_detected(archive: Path) -> None:
    content = archive.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        archive.write_bytes(changed)
        with pytest.raises(OperatorError):
            read(archive)
    archive.write_bytes(content)
    assert read(archive) == FACES


def test_a_changed_length_is_detected(archive: Path) -> None:
    content = archive.read_bytes()
    for length in range(0, len(content), 7):
        archive.write_bytes(content[:length])
        with pytest.raises(OperatorError):
            read(archive)
    for more in (b"\0", bytes(512), bytes(10240)):
        archive.write_bytes(content + more)
        with pytest.raises(OperatorError, match="is incomplete or was altered"):
            read(archive)


def test_a_signature_is_not_valid_for_the_faces_of_another_archive(archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.frs"
    with new_archive(other, KEY, None) as faces:
        faces.write(FACES[::-1])
    content, swapped = archive.read_bytes(), other.read_bytes()
    assert len(content) == len(swapped)
    for cut in (512, 1024, 1536, len(content) - 2048):
        archive.write_bytes(content[:cut] + swapped[cut:])
        if archive.read_bytes() not in {content, swapped}:
            with pytest.raises(OperatorError, match="is incomplete or was altered"):
                read(archive)


def _tar(name: str, text: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 100_000,
        b"PK\3\4" + bytes(5000),
        _tar("photo.jpg", b"x"),
        _tar("archive.json", b"[]"),
        _tar("archive.json", b"[" * 60_000),
        _tar("archive.json", b'{"format": 1}'),
    ],
)
def test_a_file_that_is_not_an_archive_is_rejected(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(OperatorError, match="is not an OpenFRS archive"):
        read(tmp_path / "x")


def test_a_later_format_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(_tar("archive.json", b'{"format": 2}'))
    with pytest.raises(OperatorError, match="newer release"):
        read(tmp_path / "x")


def _fails() -> None:
    raise OSError(28, "No space left on device")


def _is_stopped() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("stops", "error"), [(_fails, OperatorError), (_is_stopped, KeyboardInterrupt)])
def test_a_failed_export_leaves_nothing(tmp_path: Path, stops: Callable[[], None], error: type[BaseException]) -> None:
    def write() -> None:
        with new_archive(tmp_path / "a.frs", KEY, "pass") as faces:
            faces.write(FACES)
            stops()

    with pytest.raises(error):
        write()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_not_overwritten(archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(OperatorError, match="already exists"), new_archive(archive, KEY, None):
        pass
    assert archive.read_bytes() == before
