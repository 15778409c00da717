"""The service's own keys: those that sign tokens, and those that encrypt secret keys."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from cryptography.fernet import Fernet, MultiFernet

from openfrs.core.clock import utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.files import write_private
from openfrs.core.settings import Settings
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.opening import master_key
from openfrs.store.service_keys import ServiceKeyRepository


class KeyStore(Protocol):
    """Where the keys are."""

    def read(self) -> str | None:
        """Their text; None if there are none yet."""

    def make(self, text: str) -> None:
        """Keep the text where there is none yet."""

    def change(self, work: Callable[[str], str]) -> None:
        """Put another text in its place, made of the one that is there."""

    def stamp(self) -> object:
        """Something that is another when the text may be."""


class KeyFile:
    """Keys in a file of mode 0600, of one data directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def read(self) -> str | None:
        """Their text; None if there is no file."""
        return self._path.read_text("utf-8", "replace") if self._path.exists() else None

    def make(self, text: str) -> None:
        """Write the file if there is none."""
        if not self._path.exists():
            write_private(self._path, text)

    def change(self, work: Callable[[str], str]) -> None:
        """Write the file anew, of what is in it."""
        write_private(self._path, work(self._path.read_text("utf-8")))

    def stamp(self) -> object:
        """When the file was last written."""
        return self._path.stat().st_mtime_ns


class DatabaseKeys:
    """Keys in the database that several nodes share. They are asked for again every few seconds.

    That is soon enough: a token key is known to all as the staged one, long before it signs.
    """

    _SECONDS = 5.0

    def __init__(self, repository: ServiceKeyRepository) -> None:
        self._repository = repository
        self.read, self.make, self.change = repository.read, repository.make, repository.change

    def __str__(self) -> str:
        return "what the database has as service keys"

    def stamp(self) -> object:
        """Another one every few seconds."""
        return time.monotonic() // self._SECONDS


class Keyring:
    """Keys kept in one place, read again whenever they may have changed there.

    Token keys come in three states, so that several processes can change over without refusing each other's tokens: the
    primary key signs; the staged key signs from the next rotation on and is accepted already; retired keys are accepted until
    every token they signed has expired. Of the keys for secrets the first encrypts and all decrypt.
    """

    def __init__(self, place: KeyStore) -> None:
        """Read the keys, or make fresh ones where there are none.

        Raises:
            OperatorError: what is there is not a keyring.
        """
        self._place = place
        self._lock = threading.Lock()
        if place.read() is None:
            place.make(_text({"tokens": {"staged": _key(), "primary": _key(), "retired": []}, "secrets": [_key()]}))
        self._load()

    @property
    def tokens(self) -> MultiFernet:
        """The keys for tokens, the primary one first."""
        if self._place.stamp() != self._read_at:
            with self._lock:
                self._load()
        return self._tokens

    @property
    def secrets(self) -> MultiFernet:
        """The keys for secret keys."""
        return self._secrets

    def rotate_token_keys(self, token_life: timedelta) -> None:
        """Retire the primary key, make the staged one primary, stage a new one. Nobody is logged out."""
        now = utc_now()

        def rotated(text: str) -> str:
            content = json.loads(text)
            tokens = content["tokens"]
            retired = [key for key in tokens["retired"] if datetime.fromisoformat(key["retired_at"]) + token_life > now]
            retired.append({"key": tokens["primary"], "retired_at": now.isoformat()})
            content["tokens"] = {"staged": _key(), "primary": tokens["staged"], "retired": retired}
            return _text(content)

        self._place.change(rotated)

    def _load(self) -> None:
        self._read_at = self._place.stamp()
        self._tokens, self._secrets = parse_keyring(self._place.read() or "", self._place)


def parse_keyring(text: str, origin: object) -> tuple[MultiFernet, MultiFernet]:
    """Return the keys for tokens and the keys for secrets from the text of a keyring.

    Raises:
        OperatorError: the text is not a keyring; the message names ``origin``.
    """
    try:
        content = json.loads(text)
        tokens = content["tokens"]
        keys = [tokens["primary"], tokens["staged"], *(each["key"] for each in tokens["retired"])]
        return MultiFernet([Fernet(key) for key in keys]), MultiFernet([Fernet(key) for key in content["secrets"]])
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError(f"{origin} is not a keyring of OpenFRS") from error


def open_keyring(settings: Settings, database: Database) -> Keyring:
    """Open the keyring of the service, in the data directory or in the shared database; create it if there is none.

    Raises:
        OperatorError: the keys cannot be read.
    """
    key = master_key(settings)
    if settings.database is None or key is None:
        return Keyring(KeyFile(DataDirectory(settings.data).keys))
    try:
        return Keyring(DatabaseKeys(ServiceKeyRepository(database, key)))
    except StoreUnavailableError as error:
        raise OperatorError(str(error)) from error


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"


def _key() -> str:
    return Fernet.generate_key().decode()
