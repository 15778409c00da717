"""Templates as bytes in the database: plain, or encrypted with a key of their project.

With a master key every project has a random data key, kept in ``project_keys`` encrypted by the master key, which itself is
never in the database. Each template is encrypted with AES-256-GCM under its project's key; project, set and face are bound to
it, so that it cannot be passed off as another face's. The index holds templates decrypted: a search costs the same.
"""

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, insert, select

from openfrs.core.crypto import KEY_BYTES, Cipher, DecryptionError, random_key
from openfrs.core.errors import OperatorError
from openfrs.store.db import tables
from openfrs.store.db.errors import StoreUnavailableError

from .changes import TEMPLATE_TYPE

_sets, _keys = tables.face_sets, tables.project_keys


class SetTemplates(ABC):
    """The templates of one face set."""

    @abstractmethod
    def seal(self, face_id: str, plain: bytes) -> bytes:
        """What is stored of a face's template."""

    @abstractmethod
    def open(self, face_ids: Sequence[str], stored: Sequence[bytes]) -> list[bytes]:
        """The faces' templates from what is stored.

        Raises:
            StoreUnavailableError: it is not what was stored for these faces.
        """

    def encode(self, face_id: str, vector: npt.NDArray[np.floating]) -> bytes:
        """What is stored of a face's vector, shape (dimension,)."""
        return self.seal(face_id, vector.astype(TEMPLATE_TYPE).tobytes())

    def decode(self, face_ids: Sequence[str], stored: Sequence[bytes]) -> npt.NDArray[np.float16]:
        """The vectors of at least one face from what is stored, shape (n, dimension).

        Raises:
            StoreUnavailableError: it is not what was stored for these faces.
        """
        plain = self.open(face_ids, stored)
        if len(set(map(len, plain))) != 1 or len(plain[0]) % TEMPLATE_TYPE.itemsize:
            raise StoreUnavailableError("a template is damaged: it does not have the length of the others")
        return np.frombuffer(b"".join(plain), TEMPLATE_TYPE).reshape(len(plain), -1)


class Templates:
    """How templates are stored, with a master key of 32 bytes or, without one, plainly."""

    def __init__(self, master_key: bytes | None = None) -> None:
        self._master_key = master_key

    def of_set(self, connection: Connection, set_id: int) -> SetTemplates:
        """The templates of a set.

        Raises:
            StoreUnavailableError: its project's key is gone.
        """
        if self._master_key is None:
            return _PLAIN
        row = connection.execute(
            select(_sets.c.project_id, _keys.c.wrapped)
            .outerjoin_from(_sets, _keys, _sets.c.project_id == _keys.c.project_id)
            .where(_sets.c.id == set_id)
        ).first()
        if row is None:
            return _PLAIN  # the set is gone, and its templates with it
        if row.wrapped is None:
            raise StoreUnavailableError(f"project {row.project_id} has no key for its templates")
        return EncryptedTemplates(project_cipher(self._master_key, row.project_id, row.wrapped), row.project_id, set_id)

    def ensure_key(self, connection: Connection, project_id: str) -> None:
        """Give a project a key, if it needs one and has none."""
        if self._master_key is None:
            return
        if connection.scalar(select(_keys.c.project_id).where(_keys.c.project_id == project_id)) is None:
            create_project_key(connection, self._master_key, project_id)

    def check(self, connection: Connection) -> None:
        """See that what is stored can be read with the master key that is set.

        Raises:
            OperatorError: it cannot, or not all of it is encrypted though a master key is set.
        """
        keys = connection.execute(select(_keys)).all()
        if self._master_key is None:
            if keys:
                raise OperatorError("the templates are encrypted: set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY")
            return
        for row in keys:
            try:
                project_cipher(self._master_key, row.project_id, row.wrapped)
            except StoreUnavailableError:
                raise OperatorError("the master key is not the one that the templates were encrypted with") from None
        with_key = select(_keys.c.project_id)
        if connection.scalar(select(_sets.c.project_id).where(_sets.c.project_id.not_in(with_key)).limit(1)):
            raise OperatorError("a master key is set, but there are plain templates: run openfrs templates encrypt")


class PlainTemplates(SetTemplates):
    """Templates as the numbers they are."""

    def seal(self, face_id: str, plain: bytes) -> bytes:  # noqa: ARG002
        """What is stored of a face's template."""
        return plain

    def open(self, face_ids: Sequence[str], stored: Sequence[bytes]) -> list[bytes]:  # noqa: ARG002
        """The faces' templates from what is stored."""
        return list(stored)


_PLAIN = PlainTemplates()


class EncryptedTemplates(SetTemplates):
    """Templates encrypted with their project's data key."""

    def __init__(self, cipher: Cipher, project_id: str, set_id: int) -> None:
        self._cipher = cipher
        self._place = f"openfrs template 1/{project_id}/{set_id}/"

    def seal(self, face_id: str, plain: bytes) -> bytes:
        """What is stored of a face's template."""
        return self._cipher.wrap(plain, (self._place + face_id).encode())

    def open(self, face_ids: Sequence[str], stored: Sequence[bytes]) -> list[bytes]:
        """The faces' templates from what is stored."""
        unwrap, place = self._cipher.unwrap, self._place
        try:
            return [
                unwrap(sealed, (place + face_id).encode()) for face_id, sealed in zip(face_ids, stored, strict=True)
            ]
        except DecryptionError:
            raise StoreUnavailableError("a template is damaged or was encrypted with another key") from None


def parse_master_key(text: str) -> bytes:
    """The master key from its base64.

    Raises:
        OperatorError: it is not the base64 of 32 bytes.
    """
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise OperatorError(f"the master key must be {KEY_BYTES} random bytes in base64")
    return key


def read_master_key(path: Path) -> bytes:
    """The master key of a file.

    Raises:
        OperatorError: it cannot be read, or holds no key.
    """
    try:
        return parse_master_key(path.read_text("ascii", "replace"))
    except OSError as error:
        raise OperatorError(f"cannot read the master key file {path}: {error.strerror}") from error


def create_project_key(connection: Connection, master_key: bytes, project_id: str) -> Cipher:
    """Make a data key for a project that has none."""
    key = random_key()
    connection.execute(insert(_keys).values(project_id=project_id, wrapped=wrap_key(master_key, project_id, key)))
    return Cipher(key)


def wrap_key(master_key: bytes, project_id: str, key: bytes) -> bytes:
    """A data key encrypted by the master key, bound to its project."""
    return Cipher(master_key).wrap(key, _wrapping(project_id))


def unwrap_key(master_key: bytes, project_id: str, wrapped: bytes) -> bytes:
    """The data key that was wrapped.

    Raises:
        StoreUnavailableError: not with this master key, or not for this project.
    """
    try:
        return Cipher(master_key).unwrap(wrapped, _wrapping(project_id))
    except DecryptionError:
        raise StoreUnavailableError("the key of a project cannot be read with this master key") from None


@lru_cache(maxsize=1024)
def project_cipher(master_key: bytes, project_id: str, wrapped: bytes) -> Cipher:
    """As :func:`unwrap_key`, ready for use. What was unwrapped is remembered by what it was wrapped as, so never outdated."""
    return Cipher(unwrap_key(master_key, project_id, wrapped))


def _wrapping(project_id: str) -> bytes:
    return f"openfrs project key 1/{project_id}".encode()
