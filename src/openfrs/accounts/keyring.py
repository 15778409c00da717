"""The keys of a data directory: one that signs tokens, one that encrypts secret keys."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

from ..errors import OperatorError


@dataclass(frozen=True)
class Keyring:
    """Keys kept in a file of mode 0600; for each purpose the first of a list writes and all of them read."""

    tokens: MultiFernet
    secrets: MultiFernet

    @classmethod
    def open(cls, path: Path) -> "Keyring":
        """Read the file, or make it with fresh keys.

        Raises:
            OperatorError: the file is not a keyring.
        """
        if not path.exists():
            fresh = {purpose: [Fernet.generate_key().decode()] for purpose in ("tokens", "secrets")}
            write_private(path, json.dumps(fresh, indent=2) + "\n")
        try:
            keys = json.loads(path.read_text("utf-8"))
            return cls(*(MultiFernet([Fernet(key) for key in keys[purpose]]) for purpose in ("tokens", "secrets")))
        except (ValueError, KeyError, TypeError) as error:
            raise OperatorError(f"{path} is not a keyring of OpenFRS") from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all at once and durably."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
