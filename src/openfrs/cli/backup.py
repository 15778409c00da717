"""``openfrs backup``, ``restore`` and ``doctor``."""

from pathlib import Path
from typing import Annotated

import typer

from .options import Data, Models, settings_of


def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it must not be there yet.")],
    data: Data = None,
) -> None:
    """Copy the data directory as it is at this moment; the server may run."""
    from openfrs.operations.transfer.backup import back_up
    from openfrs.store.opening import require_one_node

    settings = settings_of(data=data)
    require_one_node(settings, "take pg_dump of it, and keep the master key apart from the dump")
    print(f"{back_up(settings.data, folder):,} bytes are in {folder}.")


def restore(
    folder: Annotated[Path, typer.Argument(help="Folder of the backup.")],
    data: Data = None,
) -> None:
    """Make a data directory of a backup, where there is none."""
    from openfrs.operations.transfer.backup import restore as run
    from openfrs.store.opening import require_one_node

    settings = settings_of(data=data)
    require_one_node(settings, "stop the nodes and bring a dump back with pg_restore")
    directory = settings.data
    run(folder, directory)
    print(f"{directory} is as it was when {folder} was made.")


def doctor(data: Data = None, models: Models = None) -> None:
    """Look whether all is well, and say what to do where it is not; fails if something is ill. The server may run."""
    from openfrs.operations.maintenance.doctor import Status, examine

    findings = list(examine(settings_of(data=data, models=models)))
    for finding in findings:
        print(f"{finding.status:7} {finding.part}: {finding.text}")
    if any(finding.status is Status.FAILED for finding in findings):
        raise typer.Exit(1)
