"""``openfrs backup`` and ``openfrs restore``."""

from pathlib import Path
from typing import Annotated

import typer

from openfrs.operations.transfer import backup as backups
from openfrs.store.opening import reject_shared_database

from .options import Data, settings_of


def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to create; it must not exist.")],
    data: Data = None,
) -> None:
    """Back up the data directory. The server may run."""
    settings = settings_of(data=data)
    reject_shared_database(settings, "back it up with pg_dump, and store the master key separately")
    size = backups.back_up(settings.data, folder)
    print(f"Backed up {settings.data} to {folder}: {size:,} bytes.")


def restore(
    folder: Annotated[Path, typer.Argument(help="Folder of the backup.")],
    data: Data = None,
) -> None:
    """Restore a backup to an empty data directory."""
    settings = settings_of(data=data)
    reject_shared_database(settings, "stop the nodes and restore a dump with pg_restore")
    backups.restore(folder, settings.data)
    print(f"Restored {settings.data} from {folder}.")
