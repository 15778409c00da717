"""Keys of the service that sign tokens and encrypt secret keys."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from openfrs.core.clock import utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.files import write_private
from openfrs.core.settings import Settings
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.base import Database, SnapshotSource
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.faces.templates import Templates
from openfrs.store.opening import load_master_key, require_master_key
from openfrs.store.service_keys import ServiceKeyRepository, read_sealed_by_keys, read_service_keys


class KeyStore(Protocol):
    """Storage of the keys as a text."""

    def read(self) -> str | None:
        """Return the text; None if there are no keys yet."""

    def create(self, text: str) -> None:
        """Write the text if there are no keys yet."""

    def update(self, edit: Callable[[str], str]) -> None:
        """Replace the text by the result of ``edit``."""

    def version(self) -> object:
        """Return a value that differs if the text may have changed."""


class KeyFile:
    """Keys in a file of mode 0600 in the data directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def read(self) -> str | None:
        """Return the text; None if there is no file."""
        return self._path.read_text("utf-8", "replace") if self._path.exists() else None

    def create(self, text: str) -> None:
        """Write the file if there is none."""
        if not self._path.exists():
            write_private(self._path, text)

    def update(self, edit: Callable[[str], str]) -> None:
        """Replace the file atomically."""
        write_private(self._path, edit(self._path.read_text("utf-8")))

    def version(self) -> object:
        """Return the modification time in nanoseconds."""
        return self._path.stat().st_mtime_ns


class DatabaseKeys:
    """Keys in the shared database, read again every few seconds.

    A token key is staged on all nodes long before it signs, so the delay is harmless.
    """

    _REFRESH_SECONDS = 5.0

    def __init__(self, repository: ServiceKeyRepository) -> None:
        self.read, self.create, self.update = repository.read, repository.create, repository.update

    def __str__(self) -> str:
        return "the service keys in the database"

    def version(self) -> object:
        """Return a value that changes every few seconds."""
        return time.monotonic() // self._REFRESH_SECONDS


class Keyring:
    """Keys that sign tokens and encrypt secret keys, read again whenever they may have changed.

    Token keys have three states, so that all processes accept each other's tokens during a rotation. The primary key signs. The
    staged key is already accepted and signs after the next rotation. Retired keys are accepted until the tokens they signed have
    expired. Of the keys for secrets, the first encrypts and all decrypt.
    """

    def __init__(self, store: KeyStore) -> None:
        """Read the keys, or create them if there are none.

        Raises:
            OperatorError: the text in the store is not a keyring.
        """
        self._store = store
        self._lock = threading.Lock()
        if store.read() is None:
            store.create(
                _serialize(
                    {"tokens": {"staged": _new_key(), "primary": _new_key(), "retired": []}, "secrets": [_new_key()]}
                )
            )
        self._load()

    @property
    def tokens(self) -> MultiFernet:
        """The keys for tokens, the primary key first."""
        if self._store.version() != self._loaded_version:
            with self._lock:
                self._load()
        return self._tokens

    @property
    def secrets(self) -> MultiFernet:
        """The keys for secret keys, the encrypting key first."""
        return self._secrets

    def rotate_token_keys(self, token_life: timedelta) -> None:
        """Retire the primary key, make the staged key primary, and stage a new one. Issued tokens stay valid."""
        now = utc_now()

        def rotate(text: str) -> str:
            content = json.loads(text)
            tokens = content["tokens"]
            retired = [key for key in tokens["retired"] if datetime.fromisoformat(key["retired_at"]) + token_life > now]
            retired.append({"key": tokens["primary"], "retired_at": now.isoformat()})
            content["tokens"] = {"staged": _new_key(), "primary": tokens["staged"], "retired": retired}
            return _serialize(content)

        self._store.update(rotate)

    def _load(self) -> None:
        self._loaded_version = self._store.version()
        self._tokens, self._secrets = parse_keyring(self._store.read() or "", self._store)


def parse_keyring(text: str, origin: object) -> tuple[MultiFernet, MultiFernet]:
    """Return the keys for tokens and the keys for secrets from the text of a keyring.

    Raises:
        OperatorError: the text is not a keyring; the message names ``origin``.
    """
    try:
        content = json.loads(text)
        tokens = content["tokens"]
        keys = [tokens["primary"], tokens["staged"], *(retired["key"] for retired in tokens["retired"])]
        return MultiFernet([Fernet(key) for key in keys]), MultiFernet([Fernet(key) for key in content["secrets"]])
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError(f"{origin} cannot be read as an OpenFRS keyring") from error


def check_keys(settings: Settings, source: SnapshotSource) -> None:
    """Check that the master key and the service's keys fit the database. Nothing is changed.

    Raises:
        OperatorError: the templates need another master key; or the service's keys are missing although there are accounts,
            cannot be read, or belong to another installation.
    """
    master_key = require_master_key(settings)
    try:
        with source.read() as connection:
            Templates(master_key).check(connection)
            has_accounts, secret = read_sealed_by_keys(connection)
        if settings.database is None or master_key is None:
            file = KeyFile(DataDirectory(settings.data).keys)
            origin, text = str(file), file.read()
        else:
            origin, text = "the service keys in the database", read_service_keys(source, master_key)
    except (StoreUnavailableError, OSError) as error:
        raise OperatorError(str(error)) from error
    if text is None:
        if has_accounts:
            raise OperatorError(
                f"{origin}: missing, although the database has accounts; restore the keys from a backup"
            )
        return
    _, secrets = parse_keyring(text, origin)
    try:
        if secret is not None:
            secrets.decrypt(secret)
    except InvalidToken:
        raise OperatorError(
            f"{origin}: the keys of another installation, which cannot decrypt the access keys in the database; "
            "restore the keys from a backup"
        ) from None


def open_keyring(settings: Settings, database: Database) -> Keyring:
    """Open the keyring of the service, in the data directory or in the shared database; create it if there is none.

    Raises:
        OperatorError: as :func:`check_keys`
    """
    check_keys(settings, database)
    key = load_master_key(settings)
    if settings.database is None or key is None:
        return Keyring(KeyFile(DataDirectory(settings.data).keys))
    try:
        return Keyring(DatabaseKeys(ServiceKeyRepository(database, key)))
    except StoreUnavailableError as error:
        raise OperatorError(str(error)) from error


def _serialize(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"


def _new_key() -> str:
    return Fernet.generate_key().decode()
