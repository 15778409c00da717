"""``openfrs doctor``."""

from dataclasses import asdict

import typer

from openfrs.core.findings import Status
from openfrs.operations.maintenance.doctor import examine
from openfrs.server.checks import check_start

from .options import Data, Json, Models, settings_of, show_json


def doctor(as_json: Json = False, data: Data = None, models: Models = None) -> None:
    """Check the installation and suggest fixes. Exits 1 if a check fails. The server may run."""
    settings = settings_of(data=data, models=models)
    findings = [*examine(settings), *check_start(settings)]
    if as_json:
        show_json([asdict(finding) for finding in findings])
    for finding in findings if not as_json else ():
        print(f"{finding.status:7} {finding.part}: {finding.text}")
    if any(finding.status is Status.FAILED for finding in findings):
        raise typer.Exit(1)
