"""The key that signs a data directory's archives, and the trusted public keys of others."""

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
    """Keys in a file of mode 0600. The text form of a public key is ``ed25519:`` and its 32 bytes in base64."""

    def __init__(self, data: Path) -> None:
        """Raise OperatorError if ``data`` is not a data directory."""
        self._directory = DataDirectory(data)
        self._directory.require()

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the key that signs archives; create it if there is none."""
        with self._locked_content() as content:
            if "own" not in content:
                key = Ed25519PrivateKey.generate()
                content["own"] = base64.b64encode(key.private_bytes_raw()).decode()
            return Ed25519PrivateKey.from_private_bytes(base64.b64decode(content["own"]))

    def trust(self, key: str, name: str) -> None:
        """Trust archives signed with a key; ``name`` is the owner's.

        Raises:
            OperatorError: ``key`` is not a public key.
        """
        parse_key(key)
        with self._locked_content() as content:
            content.setdefault("trusted", {})[key] = name

    def distrust(self, key: str) -> None:
        """Stop trusting a key.

        Raises:
            OperatorError: The key is not trusted.
        """
        with self._locked_content() as content:
            if content.get("trusted", {}).pop(key, None) is None:
                raise OperatorError("the key is not trusted; openfrs archive trusted lists the trusted keys")

    def trusted(self) -> dict[str, str]:
        """Return the owners of the trusted keys by key, without the data directory's own key."""
        with self._locked_content() as content:
            return dict(content.get("trusted", {}))

    def owner(self, key: str) -> str | None:
        """Return the owner of a key, or None if the key is not trusted."""
        if key == public_key(self.signing_key()):
            return "this data directory"
        return self.trusted().get(key)

    @contextmanager
    def _locked_content(self) -> Iterator[dict[str, Any]]:
        """Lock the file and yield its content, which is written if the block changes it."""
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
            raise OperatorError(f"{path} is not a file of archive keys; restore it from a backup") from None
        except OSError as error:
            raise OperatorError(f"cannot use {path}: {error.strerror}") from error
        finally:
            os.close(directory)


def public_key(key: Ed25519PrivateKey) -> str:
    """Return the text form of the public key."""
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"ed25519:{base64.b64encode(raw).decode()}"


def parse_key(text: str) -> Ed25519PublicKey:
    """Parse the text form of a public key.

    Raises:
        OperatorError: The text is not a public key.
    """
    match = _KEY.fullmatch(text)
    if match is None:
        raise OperatorError(
            f"{text} is not a public key: expected ed25519: and 44 characters, as openfrs archive key prints"
        )
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(match[1]))
