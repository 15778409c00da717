"""Backup of a data directory, which a server may use at the same time, and restore."""

import contextlib
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from openfrs import __version__
from openfrs.core.clock import utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.files import create_private, replacing, write_private
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.db.sqlite import copy_database

FORMAT: Final = 1
MANIFEST: Final = "backup.json"


def back_up(data: Path, target: Path) -> int:
    """Copy a data directory to a new folder, and return its size in bytes.

    The copy is a consistent snapshot, and the folder appears when it is complete.

    Raises:
        OperatorError: The data directory holds no database, the target exists, or the disk fails.
    """
    directory = DataDirectory(data)
    directory.require()
    if target.exists():
        raise OperatorError(f"{target} already exists; choose another folder")
    with _new_folder(target) as folder:
        copy_database(directory.database, DataDirectory(folder).database)
        _forget_index_copies(DataDirectory(folder).database)
        # Encryption keys are only ever added, so keys copied after the database decrypt everything in the copy.
        for file in (directory.keys, directory.archive_keys, directory.credentials):
            if file.exists():
                _copy(file, folder / file.name)
        for file in sorted(data.glob("audit*.jsonl*")):
            _copy(file, folder / file.name)
        files = {file.name: _digest(file) for file in sorted(folder.iterdir())}
        manifest = {"format": FORMAT, "made_by": __version__, "made_at": utc_now().isoformat(), "files": files}
        write_private(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n")
        size = sum(file.stat().st_size for file in folder.iterdir())
    with contextlib.suppress(OSError):  # the backup is complete, whether or not its time can be recorded
        write_private(directory.last_backup, json.dumps({"made_at": manifest["made_at"]}) + "\n")
    return size


def restore(source: Path, data: Path) -> None:
    """Create a data directory from a backup. The directory must not exist or be empty; it appears when it is complete.

    Raises:
        OperatorError: The source is not a backup or was altered, or the data directory is not empty.
    """
    manifest = _manifest(source)
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise OperatorError(f"{data} is not empty; restore to an empty directory")
    for name, digest in manifest["files"].items():
        try:
            actual = _digest(source / name)
        except OSError as error:
            raise OperatorError(f"the backup is incomplete: {name}: {error.strerror}") from error
        if actual != digest:
            raise OperatorError(f"the backup is damaged: {name} was altered")
    with _new_folder(data) as folder:
        for name in manifest["files"]:
            _copy(source / name, folder / name)


def _forget_index_copies(database: Path) -> None:
    """Delete the record of the Milvus index, which will not match when the backup is restored."""
    with closing(sqlite3.connect(database)) as connection, connection:
        if connection.execute("select 1 from sqlite_master where name = 'index_copies'").fetchone():
            connection.execute("delete from index_copies")


def _manifest(source: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((source / MANIFEST).read_text("utf-8"))
        files = manifest["files"]
        if not isinstance(manifest["format"], int) or any(Path(name).name != name for name in files):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise OperatorError(f"{source} is not an OpenFRS backup") from None
    if manifest["format"] > FORMAT:
        raise OperatorError(
            f"{source} was made by a newer release ({manifest.get('made_by')}); restore it with that release"
        )
    return dict(manifest)


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """Yield a folder of mode 0700, which is renamed to ``target`` if the block succeeds and removed if it fails."""
    try:
        with replacing(target) as folder:
            folder.mkdir(mode=0o700, parents=True)
            yield folder
    except StoreUnavailableError as error:
        raise OperatorError(f"the database cannot be copied: {error}") from error
    except OSError as error:
        raise OperatorError(f"cannot write {target}: {error.strerror}") from error


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reading, replacing(target) as temporary, create_private(temporary) as writing:
        shutil.copyfileobj(reading, writing)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
