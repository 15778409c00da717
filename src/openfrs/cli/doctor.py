"""``openfrs doctor``."""

import typer

from openfrs.operations.maintenance.doctor import Status, examine

from .options import Data, Models, settings_of


def doctor(data: Data = None, models: Models = None) -> None:
    """Check the installation and suggest fixes. Exits 1 if a check fails. The server may run."""
    findings = list(examine(settings_of(data=data, models=models)))
    for finding in findings:
        print(f"{finding.status:7} {finding.part}: {finding.text}")
    if any(finding.status is Status.FAILED for finding in findings):
        raise typer.Exit(1)
