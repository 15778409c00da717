"""The data directory: its files, and the lock that reserves it for one service."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from openfrs.core.errors import OperatorError
from openfrs.core.files import Descriptor


class DataInUseError(OperatorError):
    """Another process, such as a server, uses the data directory."""


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Paths of the files in a data directory."""

    path: Path

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.path / "openfrs.db"

    @property
    def credentials(self) -> Path:
        """Credentials of the first account, JSON."""
        return self.path / "credentials.json"

    @property
    def keys(self) -> Path:
        """Keys that sign tokens and encrypt secret keys, JSON."""
        return self.path / "keys.json"

    @property
    def archive_keys(self) -> Path:
        """The key that signs archives, and the trusted public keys, JSON."""
        return self.path / "archive-keys.json"

    @property
    def counters(self) -> Path:
        """Failed logins and used signatures, SQLite."""
        return self.path / "counters.db"

    @property
    def audit_log(self) -> Path:
        """The audit log, JSON lines; rotated files have a number appended."""
        return self.path / "audit.jsonl"

    @property
    def last_backup(self) -> Path:
        """The time of the last backup, JSON."""
        return self.path / "last-backup.json"

    def last_backup_at(self) -> datetime | None:
        """Return the time of the last backup; None if none was made, or the file is damaged."""
        try:
            return datetime.fromisoformat(json.loads(self.last_backup.read_bytes())["made_at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def require(self) -> None:
        """Check that the directory holds a database.

        Raises:
            OperatorError: it does not.
        """
        if not self.database.is_file():
            raise OperatorError(f"{self.path} is not an OpenFRS data directory; start the server on it once")

    @contextmanager
    def lock(self) -> Iterator[Descriptor]:
        """Create the directory if needed and reserve it for this process and its children.

        The lock is released if the process dies.

        Raises:
            OperatorError: the directory cannot be created.
            DataInUseError: another process holds the lock.
        """
        os.umask(0o077)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.path / "lock").open("ab")
        except OSError as error:
            raise OperatorError(f"cannot use {self.path}: {error.strerror}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataInUseError(f"{self.path} is in use by another OpenFRS process") from None
            yield Descriptor(lock.fileno())
