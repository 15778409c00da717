"""``openfrs retention``: deletion of expired faces, and the report of deletions."""

import json
from typing import Annotated

import typer

from openfrs.operations.maintenance.retention import deletion_report, run_retention

from .options import Data, Project, settings_of

app = typer.Typer(no_args_is_help=True)


@app.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report without deleting.")] = False,
    trust_clock: Annotated[
        bool, typer.Option("--trust-clock", help="Accept a clock that is more than a day beyond the newest write.")
    ] = False,
    data: Data = None,
) -> None:
    """Delete expired faces now. The server may run; it also does this at regular intervals."""
    verb = "would be deleted" if dry_run else "deleted"
    total = 0
    for result in run_retention(settings_of(data=data), dry=dry_run, trust_clock=trust_clock):
        held = f", {result.held} expired under legal hold" if result.held else ""
        undated = f", {result.undated} without a date" if result.undated else ""
        counts = f"{result.deleted} {verb}{held}{undated}"
        print(f"project {result.project_id}, face set {result.face_set}, rule {result.rule}: {counts}")
        total += result.deleted
    print(f"{total} faces {verb}.")


@app.command()
def report(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line per record, with the face IDs.")] = False,
    known: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Fail if no record has this digest."),
    ] = None,
    project: Project = None,
    data: Data = None,
) -> None:
    """Report deletions with their times and rules. Exits 1 if a record was altered. The server may run."""
    count, digest = 0, "none"
    for deletion, enrolled_again in deletion_report(settings_of(data=data), project, known=known):
        count += deletion.faces
        digest = deletion.digest
        if as_json:
            values = {
                "deleted_at": f"{deletion.deleted_at:%Y-%m-%dT%H:%M:%SZ}",
                "face_set_name": deletion.face_set,
                "face_set_id": deletion.set_public_id,
                "rule": deletion.rule,
                "faces": deletion.faces,
                "enrolled_again": enrolled_again,
                "face_ids": list(deletion.face_ids),
                "digest": deletion.digest,
            }
            print(json.dumps(values, ensure_ascii=False))
        else:
            again = f", {enrolled_again} enrolled again since" if enrolled_again else ""
            at = f"{deletion.deleted_at:%Y-%m-%d %H:%M:%S}"
            print(f"{at}  {deletion.rule:8} {deletion.faces:6} faces of {deletion.face_set}{again}")
    if not as_json:
        print(f"{count} faces deleted; all records are intact; last digest: {digest}")
