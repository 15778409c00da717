"""Encrypting a stream of bytes by a passphrase, so that it can be read from any place.

The plain bytes are cut into chunks, of which only the last may be shorter. Each is sealed with AES-256-GCM; its number, and
whether it is the last, are its nonce: none can be taken away, moved or added. The key follows from the passphrase and a random
salt by scrypt, so no key ever seals two streams.
"""

import io
import os
from typing import Annotated, Any, BinaryIO, Final, Literal

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from openfrs.core.crypto import KEY_BYTES, TAG_BYTES, Cipher, DecryptionError
from openfrs.core.errors import OperatorError

CHUNK: Final = 64 * 1024
"""Plain bytes of a chunk."""

_BOUND: Final = b"openfrs archive 1"


class Sealing(BaseModel):
    """How a stream is sealed, as the archive says it; all but the passphrase."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cipher: Literal["AES-256-GCM"] = "AES-256-GCM"
    chunk: Literal[65536] = CHUNK
    key_derivation: Literal["scrypt"] = "scrypt"
    n: Annotated[int, Field(ge=2**10, le=2**20)] = 2**17
    """Cost: with ``r`` 8 scrypt takes 1,024 times as many bytes of memory."""

    r: Literal[8] = 8
    p: Literal[1] = 1
    salt: Annotated[Base64Bytes, Field(min_length=16, max_length=64)]

    @classmethod
    def fresh(cls) -> "Sealing":
        """A sealing with a salt of its own."""
        return cls.model_construct(salt=os.urandom(32))

    def key(self, passphrase: str) -> Cipher:
        """The key that follows from a passphrase."""
        derivation = Scrypt(salt=self.salt, length=KEY_BYTES, n=self.n, r=self.r, p=self.p)
        return Cipher(derivation.derive(passphrase.encode()))


class SealingWriter(io.RawIOBase):
    """Takes plain bytes and writes sealed ones; whole when it is closed."""

    def __init__(self, target: BinaryIO, key: Cipher) -> None:
        self._target = target
        self._key = key
        self._held = bytearray()
        self._number = 0
        self._place = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Plain bytes taken so far."""
        return self._place

    def write(self, data: Any) -> int:
        """Take bytes. A chunk is held back until it is known not to be the last."""
        view = memoryview(data).cast("B")
        self._held += view
        self._place += len(view)
        while len(self._held) > CHUNK:
            self._seal(last=False)
        return len(view)

    def close(self) -> None:
        """Write the last chunk."""
        if not self.closed:
            self._seal(last=True)
        super().close()

    def _seal(self, *, last: bool) -> None:
        plain = bytes(self._held[:CHUNK])
        del self._held[:CHUNK]
        self._target.write(self._key.encrypt(_nonce(self._number, last=last), plain, _BOUND))
        self._number += 1


class Window(io.RawIOBase):
    """A part of a file as if it were one of its own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._size = size
        self._place = 0

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise ValueError("before the beginning")
        self._place = origin + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read at most as many bytes as fit; none at the end."""
        view = memoryview(buffer).cast("B")
        data = self._at(self._place, min(len(view), max(0, self._size - self._place)))
        view[: len(data)] = data
        self._place += len(data)
        return len(data)

    def _at(self, place: int, count: int) -> bytes:
        self._file.seek(self._start + place)
        return self._file.read(count)


class OpeningReader(Window):
    """The plain bytes of a sealed stream."""

    def __init__(self, sealed: Window, key: Cipher) -> None:
        """Read the last chunk.

        Raises:
            OperatorError: the passphrase is another one, or the stream is not what was sealed.
        """
        self._key = key
        self._count = max(1, -(-sealed.size // (CHUNK + TAG_BYTES)))
        self._kept = -1, b""
        super().__init__(io.BufferedReader(sealed, CHUNK + TAG_BYTES), 0, sealed.size - self._count * TAG_BYTES)
        self._chunk(self._count - 1)

    def _at(self, place: int, count: int) -> bytes:
        if not count:
            return b""
        number, within = divmod(place, CHUNK)
        return self._chunk(number)[within : within + count]

    def _chunk(self, number: int) -> bytes:
        if self._kept[0] != number:
            self._file.seek(number * (CHUNK + TAG_BYTES))
            sealed = self._file.read(CHUNK + TAG_BYTES)
            try:
                plain = self._key.decrypt(_nonce(number, last=number == self._count - 1), sealed, _BOUND)
            except DecryptionError:
                raise OperatorError("the passphrase is not the one that the archive was sealed with") from None
            self._kept = number, plain
        return self._kept[1]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])
