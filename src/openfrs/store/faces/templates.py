"""Templates and crops as bytes in the database, plain or encrypted with the data key of their project.

With a master key every project has a random data key, stored in ``project_keys`` encrypted with the master key. The master key is
never in the database. Each template and crop is encrypted with AES-256-GCM and authenticated together with its kind, project, set
and face, so that it cannot be substituted for another one. The index holds templates decrypted: encryption does not slow searches.
"""

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
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
from .models import NewFace, StoredFace

_sets, _keys = tables.face_sets, tables.project_keys


class SetTemplates(ABC):
    """Converts the templates of one face set to and from their stored form."""

    @abstractmethod
    def seal(self, face_id: str, plain: bytes) -> bytes:
        """Convert the template of a face to its stored form."""

    @abstractmethod
    def open(self, face_ids: Sequence[str], stored: Sequence[bytes]) -> list[bytes]:
        """Convert the stored forms of faces' templates back.

        Raises:
            StoreUnavailableError: a template is damaged or belongs to another face.
        """

    @abstractmethod
    def seal_crop(self, face_id: str, plain: bytes) -> bytes:
        """Convert the crop of a face to its stored form."""

    @abstractmethod
    def open_crop(self, face_id: str, stored: bytes) -> bytes:
        """Convert the stored form of a face's crop back.

        Raises:
            StoreUnavailableError: the crop is damaged or belongs to another face.
        """

    def seal_crops(self, faces: Iterable[NewFace | StoredFace]) -> dict[str, bytes]:
        """Return the stored forms of the crops of the faces that have one, by face id."""
        return {face.face_id: self.seal_crop(face.face_id, face.crop) for face in faces if face.crop is not None}

    def encode(self, face_id: str, vector: npt.NDArray[np.floating]) -> bytes:
        """Return the stored form of a face's embedding, shape (dimension,)."""
        return self.seal(face_id, vector.astype(TEMPLATE_TYPE).tobytes())

    def decode(self, face_ids: Sequence[str], stored: Sequence[bytes]) -> npt.NDArray[np.float16]:
        """Return the embeddings of one or more faces from their stored forms, shape (n, dimension).

        Raises:
            StoreUnavailableError: a template is damaged or belongs to another face.
        """
        plain = self.open(face_ids, stored)
        if len(set(map(len, plain))) != 1 or len(plain[0]) % TEMPLATE_TYPE.itemsize:
            raise StoreUnavailableError("a template is damaged: its length differs from the others")
        return np.frombuffer(b"".join(plain), TEMPLATE_TYPE).reshape(len(plain), -1)


class Templates:
    """The storage of templates: encrypted if there is a master key, which has 32 bytes, otherwise plain."""

    def __init__(self, master_key: bytes | None = None) -> None:
        self._master_key = master_key

    def of_set(self, connection: Connection, set_id: int) -> SetTemplates:
        """Return the converter of a set's templates.

        Raises:
            StoreUnavailableError: the project has no key although there is a master key.
        """
        if self._master_key is None:
            return _PLAIN
        row = connection.execute(
            select(_sets.c.project_id, _keys.c.wrapped)
            .outerjoin_from(_sets, _keys, _sets.c.project_id == _keys.c.project_id)
            .where(_sets.c.id == set_id)
        ).first()
        if row is None:
            return _PLAIN  # the set was deleted, and its templates with it
        if row.wrapped is None:
            raise StoreUnavailableError(f"project {row.project_id} has no key for its templates")
        return EncryptedTemplates(project_cipher(self._master_key, row.project_id, row.wrapped), row.project_id, set_id)

    def ensure_key(self, connection: Connection, project_id: str) -> None:
        """Create the key of a project if there is a master key and the project has no key."""
        if self._master_key is None:
            return
        if connection.scalar(select(_keys.c.project_id).where(_keys.c.project_id == project_id)) is None:
            create_project_key(connection, self._master_key, project_id)

    def check(self, connection: Connection) -> None:
        """Check that the stored templates fit the master key.

        Raises:
            OperatorError: they are encrypted with another master key, or there is none, or some are plain although there is one.
        """
        keys = connection.execute(select(_keys)).all()
        if self._master_key is None:
            if keys:
                raise OperatorError("the templates are encrypted; set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY")
            return
        for row in keys:
            try:
                project_cipher(self._master_key, row.project_id, row.wrapped)
            except StoreUnavailableError:
                raise OperatorError("the templates are encrypted with another master key") from None
        with_key = select(_keys.c.project_id)
        if connection.scalar(select(_sets.c.project_id).where(_sets.c.project_id.not_in(with_key)).limit(1)):
            raise OperatorError(
                "a master key is set, but some templates are not encrypted; run openfrs templates encrypt"
            )


class PlainTemplates(SetTemplates):
    """Templates without encryption."""

    def seal(self, face_id: str, plain: bytes) -> bytes:  # noqa: ARG002
        """Convert the template of a face to its stored form."""
        return plain

    def open(self, face_ids: Sequence[str], stored: Sequence[bytes]) -> list[bytes]:  # noqa: ARG002
        """Convert the stored forms of faces' templates back."""
        return list(stored)

    def seal_crop(self, face_id: str, plain: bytes) -> bytes:  # noqa: ARG002
        """Convert the crop of a face to its stored form."""
        return plain

    def open_crop(self, face_id: str, stored: bytes) -> bytes:  # noqa: ARG002
        """Convert the stored form of a face's crop back."""
        return stored


_PLAIN = PlainTemplates()


class EncryptedTemplates(SetTemplates):
    """Templates encrypted with the data key of their project."""

    def __init__(self, cipher: Cipher, project_id: str, set_id: int) -> None:
        self._cipher = cipher
        self._context = f"openfrs template 1/{project_id}/{set_id}/"
        self._crop_context = f"openfrs crop 1/{project_id}/{set_id}/"

    def seal(self, face_id: str, plain: bytes) -> bytes:
        """Convert the template of a face to its stored form."""
        return self._cipher.wrap(plain, (self._context + face_id).encode())

    def open(self, face_ids: Sequence[str], stored: Sequence[bytes]) -> list[bytes]:
        """Convert the stored forms of faces' templates back."""
        unwrap, context = self._cipher.unwrap, self._context
        try:
            return [
                unwrap(sealed, (context + face_id).encode()) for face_id, sealed in zip(face_ids, stored, strict=True)
            ]
        except DecryptionError:
            raise StoreUnavailableError("a template is damaged or was encrypted with another key") from None

    def seal_crop(self, face_id: str, plain: bytes) -> bytes:
        """Convert the crop of a face to its stored form."""
        return self._cipher.wrap(plain, (self._crop_context + face_id).encode())

    def open_crop(self, face_id: str, stored: bytes) -> bytes:
        """Convert the stored form of a face's crop back."""
        try:
            return self._cipher.unwrap(stored, (self._crop_context + face_id).encode())
        except DecryptionError:
            raise StoreUnavailableError("a crop is damaged or was encrypted with another key") from None


def parse_master_key(text: str) -> bytes:
    """Decode a master key.

    Raises:
        OperatorError: the text is not the base64 of 32 bytes.
    """
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise OperatorError(f"the master key must be {KEY_BYTES} random bytes in base64")
    return key


def read_master_key(path: Path) -> bytes:
    """Read a master key from a file.

    Raises:
        OperatorError: the file cannot be read or does not contain a key.
    """
    try:
        return parse_master_key(path.read_text("ascii", "replace"))
    except OSError as error:
        raise OperatorError(f"cannot read the master key file {path}: {error.strerror}") from error


def create_project_key(connection: Connection, master_key: bytes, project_id: str) -> Cipher:
    """Create and store the data key of a project that has none."""
    key = random_key()
    connection.execute(insert(_keys).values(project_id=project_id, wrapped=wrap_key(master_key, project_id, key)))
    return Cipher(key)


def wrap_key(master_key: bytes, project_id: str, key: bytes) -> bytes:
    """Encrypt a data key with the master key, authenticated together with its project."""
    return Cipher(master_key).wrap(key, _key_context(project_id))


def unwrap_key(master_key: bytes, project_id: str, wrapped: bytes) -> bytes:
    """Decrypt a data key.

    Raises:
        StoreUnavailableError: it was encrypted with another master key or for another project.
    """
    try:
        return Cipher(master_key).unwrap(wrapped, _key_context(project_id))
    except DecryptionError:
        raise StoreUnavailableError("the data key of a project cannot be decrypted with this master key") from None


@lru_cache(maxsize=1024)
def project_cipher(master_key: bytes, project_id: str, wrapped: bytes) -> Cipher:
    """Return the cipher of a data key. The cache is never stale: its key includes the encrypted data key.

    Raises:
        StoreUnavailableError: as :func:`unwrap_key`.
    """
    return Cipher(unwrap_key(master_key, project_id, wrapped))


def _key_context(project_id: str) -> bytes:
    return f"openfrs project key 1/{project_id}".encode()
