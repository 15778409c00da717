"""Encryption of a byte stream with a passphrase, with random access.

The plain bytes are split into chunks; only the last may be shorter. Each chunk is encrypted with AES-256-GCM. Its nonce is its
number and a flag for the last chunk, so that chunks cannot be removed, moved or added. The key is derived with scrypt from the
passphrase and a random salt, so that each stream has its own key.
"""

import io
import os
from typing import Annotated, Any, BinaryIO, Final, Literal

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from openfrs.core.crypto import KEY_BYTES, TAG_BYTES, Cipher, DecryptionError
from openfrs.core.errors import OperatorError

CHUNK: Final = 64 * 1024
"""Plain bytes in a chunk."""

_BOUND: Final = b"openfrs archive 1"


class Sealing(BaseModel):
    """Parameters of the encryption, as stored in the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cipher: Literal["AES-256-GCM"] = "AES-256-GCM"
    chunk: Literal[65536] = CHUNK
    key_derivation: Literal["scrypt"] = "scrypt"
    n: Annotated[int, Field(ge=2**10, le=2**20)] = 2**17
    """Cost: with ``r`` 8, scrypt needs 1,024 times ``n`` bytes of memory."""

    r: Literal[8] = 8
    p: Literal[1] = 1
    salt: Annotated[Base64Bytes, Field(min_length=16, max_length=64)]

    @classmethod
    def fresh(cls) -> "Sealing":
        """Return parameters with a new salt."""
        return cls.model_construct(salt=os.urandom(32))

    def key(self, passphrase: str) -> Cipher:
        """Derive the key from a passphrase."""
        derivation = Scrypt(salt=self.salt, length=KEY_BYTES, n=self.n, r=self.r, p=self.p)
        return Cipher(derivation.derive(passphrase.encode()))


class SealingWriter(io.RawIOBase):
    """Encrypts the bytes written to it; the stream is complete after ``close()``."""

    def __init__(self, target: BinaryIO, key: Cipher) -> None:
        self._target = target
        self._key = key
        self._buffer = bytearray()
        self._number = 0
        self._position = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the number of plain bytes written."""
        return self._position

    def write(self, data: Any) -> int:
        """Encrypt bytes. A chunk is buffered until another follows, because the last one has a flag."""
        view = memoryview(data).cast("B")
        self._buffer += view
        self._position += len(view)
        while len(self._buffer) > CHUNK:
            self._seal(last=False)
        return len(view)

    def close(self) -> None:
        """Write the last chunk."""
        if not self.closed:
            self._seal(last=True)
        super().close()

    def _seal(self, *, last: bool) -> None:
        plain = bytes(self._buffer[:CHUNK])
        del self._buffer[:CHUNK]
        self._target.write(self._key.encrypt(_nonce(self._number, last=last), plain, _BOUND))
        self._number += 1


class Window(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._size = size
        self._position = 0

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self._size

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise ValueError("negative position")
        self._position = origin + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; return the number of bytes read, 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self._at(self._position, min(len(view), max(0, self._size - self._position)))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _at(self, position: int, count: int) -> bytes:
        self._file.seek(self._start + position)
        return self._file.read(count)


class UnsealingReader(Window):
    """Decrypts an encrypted stream."""

    def __init__(self, sealed: Window, key: Cipher) -> None:
        """Decrypt the last chunk, to check the passphrase.

        Raises:
            OperatorError: The passphrase is wrong, or the stream was altered.
        """
        self._key = key
        self._count = max(1, -(-sealed.size // (CHUNK + TAG_BYTES)))
        self._cached_chunk = -1, b""
        super().__init__(io.BufferedReader(sealed, CHUNK + TAG_BYTES), 0, sealed.size - self._count * TAG_BYTES)
        self._chunk(self._count - 1)

    def _at(self, position: int, count: int) -> bytes:
        if not count:
            return b""
        number, within = divmod(position, CHUNK)
        return self._chunk(number)[within : within + count]

    def _chunk(self, number: int) -> bytes:
        if self._cached_chunk[0] != number:
            self._file.seek(number * (CHUNK + TAG_BYTES))
            sealed = self._file.read(CHUNK + TAG_BYTES)
            try:
                plain = self._key.decrypt(_nonce(number, last=number == self._count - 1), sealed, _BOUND)
            except DecryptionError:
                raise OperatorError("the passphrase of the archive is wrong") from None
            self._cached_chunk = number, plain
        return self._cached_chunk[1]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])
