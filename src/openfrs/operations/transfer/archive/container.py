"""The archive file: a tar of a JSON header, the faces, and a signature over all bytes before it.

=====================  ==========================================================================
member                 content
=====================  ==========================================================================
``archive.json``       format, release, time, public key of the signer, parameters of the encryption
``faces.parquet``      the faces; ``faces.parquet.sealed`` if they are encrypted
``signature``          Ed25519, 64 bytes
=====================  ==========================================================================

The signature covers ``openfrs archive 1``, a line feed, and the SHA-512 of the file up to the header of ``signature``. The bytes
after it depend on the signature alone, so every byte of the file is verified.
"""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, ValidationError

from openfrs import __version__
from openfrs.core.clock import utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.files import create_private, replacing
from openfrs.core.progress import Advance

from .keys import parse_key, public_key
from .sealing import Sealing, SealingWriter, UnsealingReader, Window

FORMAT: Final = 1

_HEAD, _FACES, _SIGNATURE = "archive.json", "faces.parquet", "signature"
_BLOCK: Final = tarfile.BLOCKSIZE
_TAIL: Final = 4 * _BLOCK  # a header, a block with the signature, two empty blocks at the end of a tar
_MAX_HEAD_BYTES: Final = 64 * 1024
_READ_BYTES: Final = 1024 * 1024


class Head(BaseModel):
    """The header of an archive, which is never encrypted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    made_by: str
    made_at: datetime
    signed_by: str
    """The signer's public key."""

    sealing: Sealing | None = None


@contextmanager
def new_archive(target: Path, key: Ed25519PrivateKey, passphrase: str | None) -> Iterator[BinaryIO]:
    """Yield a file for the Parquet data of a new archive; the archive, of mode 0600, appears if the block succeeds.

    Raises:
        OperatorError: The target exists, or the disk fails.
    """
    if target.exists():
        raise OperatorError(f"{target} already exists; choose another file")
    try:
        with replacing(target) as temporary, create_private(temporary) as file:
            sealing = None if passphrase is None else Sealing.fresh()
            head = Head(
                made_by=__version__,
                made_at=utc_now().replace(microsecond=0),
                signed_by=public_key(key),
                sealing=sealing,
            )
            file.write(_member(_HEAD, head.model_dump_json(indent=2).encode() + b"\n"))
            start = file.tell()
            file.write(bytes(_BLOCK))  # replaced by the header when the size is known
            if sealing is None or passphrase is None:
                yield file
            else:
                with SealingWriter(file, sealing.key(passphrase)) as sealed:
                    yield sealed  # type: ignore[misc]
            _finish(file, start, _faces_name(sealing), key)
    except OSError as error:
        raise OperatorError(f"cannot write {target}: {error.strerror or error}") from error


class Archive:
    """An open archive with a valid signature. The caller decides whether to trust the signer's key."""

    def __init__(self, path: Path, file: BinaryIO, advance: Advance) -> None:
        """Read the whole file and verify the signature; ``advance`` counts bytes.

        Raises:
            OperatorError: The file is not an archive, comes from a newer release, or was altered.
        """
        self._path = path
        self._file = file
        self.head, start = self._read_head()
        signed = os.fstat(file.fileno()).st_size - _TAIL
        self._verify(signed, advance)
        name, size = self._header(start)
        if name != _faces_name(self.head.sealing) or start + _BLOCK + _padded(size) != signed:
            raise OperatorError(f"{path} does not have the members of an archive")
        self._faces = Window(file, start + _BLOCK, size)

    def faces(self, passphrase: str | None) -> Window:
        """Return the Parquet data.

        Raises:
            OperatorError: The faces are encrypted, and the passphrase is missing or wrong.
        """
        if self.head.sealing is None:
            return self._faces
        if passphrase is None:
            raise OperatorError(f"{self._path} is encrypted and needs a passphrase; use --passphrase-file FILE")
        return UnsealingReader(self._faces, self.head.sealing.key(passphrase))

    def _read_head(self) -> tuple[Head, int]:
        not_an_archive = OperatorError(f"{self._path} is not an OpenFRS archive")
        try:
            name, size = self._header(0)
            text = self._file.read(size)
            if name != _HEAD or not 0 < size <= _MAX_HEAD_BYTES or len(text) != size:
                raise not_an_archive
            content = json.loads(text)
            if isinstance(content, dict) and isinstance(content.get("format"), int) and content["format"] > FORMAT:
                raise OperatorError(f"{self._path} was made by a newer release of OpenFRS; import it with that release")
            return Head.model_validate(content), _BLOCK + _padded(size)
        except (tarfile.TarError, ValidationError, ValueError, RecursionError):
            raise not_an_archive from None

    def _header(self, offset: int) -> tuple[str, int]:
        self._file.seek(offset)
        member = tarfile.TarInfo.frombuf(self._file.read(_BLOCK), "utf-8", "surrogateescape")
        return member.name, member.size

    def _verify(self, signed: int, advance: Advance) -> None:
        altered = OperatorError(f"{self._path} is incomplete or was altered after it was signed")
        if signed <= 0:
            raise altered
        try:
            key = parse_key(self.head.signed_by)
        except OperatorError:
            raise altered from None
        digest = _digest(self._file, signed, advance)
        tail = self._file.read()
        signature = tail[_BLOCK : _BLOCK + 64]
        if tail != _tail(signature):
            raise altered
        try:
            key.verify(signature, digest)
        except InvalidSignature:
            raise altered from None


def _finish(file: BinaryIO, start: int, name: str, key: Ed25519PrivateKey) -> None:
    """Write the header of the faces at ``start``, and the signature."""
    end = file.seek(0, os.SEEK_END)
    size = end - start - _BLOCK
    file.write(bytes(_padded(size) - size))
    file.seek(start)
    file.write(_tar_header(name, size))
    signed = start + _BLOCK + _padded(size)
    digest = _digest(file, signed, lambda _: None)
    file.seek(signed)
    file.write(_tail(key.sign(digest)))


def _digest(file: BinaryIO, size: int, advance: Advance) -> bytes:
    """Return the signed message for the first ``size`` bytes, and leave the file position after them."""
    file.seek(0)
    digest = hashlib.sha512()
    while size and (chunk := file.read(min(size, _READ_BYTES))):
        digest.update(chunk)
        size -= len(chunk)
        advance(len(chunk))
    return b"openfrs archive 1\n" + digest.digest()


def _faces_name(sealing: Sealing | None) -> str:
    return _FACES if sealing is None else f"{_FACES}.sealed"


def _tail(signature: bytes) -> bytes:
    return _member(_SIGNATURE, signature) + bytes(2 * _BLOCK)


def _member(name: str, content: bytes) -> bytes:
    return _tar_header(name, len(content)) + content + bytes(_padded(len(content)) - len(content))


def _tar_header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(tarfile.GNU_FORMAT)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
