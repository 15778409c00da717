"""The key that a data directory signs its archives with, and the keys of other ones that it believes."""

import base64
import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from openfrs.core.errors import OperatorError
from openfrs.core.files import write_private
from openfrs.store.data_directory import DataDirectory

_KEY: Final = re.compile(r"ed25519:([A-Za-z0-9+/]{43}=)")


class ArchiveKeys:
    """Keys in a file of mode 0600 in the data directory. A public key is written ``ed25519:`` and its 32 bytes in base64."""

    def __init__(self, data: Path) -> None:
        """Raises OperatorError where there is no data directory."""
        self._directory = DataDirectory(data)
        self._directory.require()

    def signing_key(self) -> Ed25519PrivateKey:
        """The data directory's own key, made if there is none."""
        with self._held() as content:
            if "own" not in content:
                key = Ed25519PrivateKey.generate()
                content["own"] = base64.b64encode(key.private_bytes_raw()).decode()
            return Ed25519PrivateKey.from_private_bytes(base64.b64decode(content["own"]))

    def trust(self, key: str, name: str) -> None:
        """Believe archives that were signed with a key; ``name`` says whose it is.

        Raises:
            OperatorError: it is no public key.
        """
        parse_key(key)
        with self._held() as content:
            content.setdefault("trusted", {})[key] = name

    def distrust(self, key: str) -> None:
        """Believe a key no longer.

        Raises:
            OperatorError: it was not believed.
        """
        with self._held() as content:
            if content.get("trusted", {}).pop(key, None) is None:
                raise OperatorError("that key is not trusted anyway")

    def trusted(self) -> dict[str, str]:
        """Whose keys are believed, by key; the data directory's own is not among them."""
        with self._held() as content:
            return dict(content.get("trusted", {}))

    def owner(self, key: str) -> str | None:
        """Whose key it is; None if it is not believed."""
        if key == public_key(self.signing_key()):
            return "this data directory"
        return self.trusted().get(key)

    @contextmanager
    def _held(self) -> Iterator[dict[str, Any]]:
        """What is in the file, for this process alone; written if the block changes it."""
        path = self._directory.archive_keys
        directory = os.open(self._directory.path, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            content: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
            before = json.dumps(content)
            yield content
            if json.dumps(content) != before:
                write_private(path, json.dumps(content, indent=2) + "\n")
        except (ValueError, TypeError, AttributeError):
            raise OperatorError(f"{path} does not hold the keys of archives") from None
        except OSError as error:
            raise OperatorError(f"cannot use {path}: {error.strerror}") from error
        finally:
            os.close(directory)


def public_key(key: Ed25519PrivateKey) -> str:
    """The public half of a key as it is written."""
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"ed25519:{base64.b64encode(raw).decode()}"


def parse_key(text: str) -> Ed25519PublicKey:
    """A public key as it is written.

    Raises:
        OperatorError: it is none.
    """
    found = _KEY.fullmatch(text)
    if found is None:
        raise OperatorError("a key is written ed25519: and 44 characters; openfrs archive key shows that of a server")
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(found[1]))
