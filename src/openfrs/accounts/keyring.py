"""The keys of a data directory: those that sign tokens, and those that encrypt secret keys."""

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, MultiFernet

from ..errors import OperatorError


class Keyring:
    """Keys kept in a file of mode 0600, read again whenever the file changes.

    Token keys come in three states, so that several processes can change over without refusing each other's tokens: the
    primary key signs; the staged key signs from the next rotation on and is accepted already; retired keys are accepted until
    every token they signed has expired. Of the keys for secrets the first encrypts and all decrypt.
    """

    def __init__(self, path: Path) -> None:
        """Read the file, or make it with fresh keys.

        Raises:
            OperatorError: the file is not a keyring.
        """
        self._path = path
        self._lock = threading.Lock()
        if not path.exists():
            self._write({"tokens": {"staged": _key(), "primary": _key(), "retired": []}, "secrets": [_key()]})
        self._load()

    @property
    def tokens(self) -> MultiFernet:
        """The keys for tokens, the primary one first."""
        if self._path.stat().st_mtime_ns != self._read_at:
            with self._lock:
                self._load()
        return self._tokens

    @property
    def secrets(self) -> MultiFernet:
        """The keys for secret keys."""
        return self._secrets

    def rotate_token_keys(self, token_life: timedelta) -> None:
        """Retire the primary key, make the staged one primary, stage a new one. Nobody is logged out."""
        now = datetime.now(UTC)
        content = json.loads(self._path.read_text("utf-8"))
        tokens = content["tokens"]
        retired = [each for each in tokens["retired"] if datetime.fromisoformat(each["retired_at"]) + token_life > now]
        retired.append({"key": tokens["primary"], "retired_at": now.isoformat()})
        content["tokens"] = {"staged": _key(), "primary": tokens["staged"], "retired": retired}
        self._write(content)

    def _load(self) -> None:
        self._read_at = self._path.stat().st_mtime_ns
        try:
            content = json.loads(self._path.read_text("utf-8"))
            tokens = content["tokens"]
            keys = [tokens["primary"], tokens["staged"], *(each["key"] for each in tokens["retired"])]
            self._tokens = MultiFernet([Fernet(key) for key in keys])
            self._secrets = MultiFernet([Fernet(key) for key in content["secrets"]])
        except (ValueError, KeyError, TypeError) as error:
            raise OperatorError(f"{self._path} is not a keyring of OpenFRS") from error

    def _write(self, content: dict[str, Any]) -> None:
        write_private(self._path, json.dumps(content, indent=2) + "\n")


def _key() -> str:
    return Fernet.generate_key().decode()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all at once and durably."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
