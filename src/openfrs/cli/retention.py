"""``openfrs retention``: deleting what has expired, and what was deleted."""

import json
from typing import Annotated

import typer

from .options import Data, Project, settings_of

app = typer.Typer(help="Faces that expire, and what was deleted.", no_args_is_help=True)


@app.command("run")
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    data: Data = None,
) -> None:
    """Delete the faces that have expired, now; a server does it by itself."""
    from openfrs.operations.maintenance.retention import run_retention

    verb = "would be deleted" if dry_run else "deleted"
    total = 0
    for expiry in run_retention(settings_of(data=data), dry=dry_run):
        held = f", {expiry.held} have expired and are under legal hold" if expiry.held else ""
        undated = f", {expiry.undated} have no date" if expiry.undated else ""
        told = f"{expiry.deleted} {verb}{held}{undated}"
        print(f"project {expiry.project_id}, face set {expiry.face_set}, by {expiry.rule}: {told}")
        total += expiry.deleted
    print(f"{total} faces {verb}.")


@app.command("report")
def report(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line a record, with the ids of the faces.")] = False,
    known: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Fail, too, if the record with this digest is not there any more."),
    ] = None,
    project: Project = None,
    data: Data = None,
) -> None:
    """Show what was deleted, when, by which rule; fails if a record was altered. The server may run."""
    from openfrs.operations.maintenance.retention import deletion_report

    count, digest = 0, "none"
    for deletion, present in deletion_report(settings_of(data=data), project, known=known):
        count += deletion.faces
        digest = deletion.digest
        if as_json:
            values = {
                "deleted_at": f"{deletion.deleted_at:%Y-%m-%dT%H:%M:%SZ}",
                "face_set_name": deletion.face_set,
                "face_set_id": deletion.set_public_id,
                "rule": deletion.rule,
                "faces": deletion.faces,
                "enrolled_again": present,
                "face_ids": list(deletion.face_ids),
                "digest": deletion.digest,
            }
            print(json.dumps(values, ensure_ascii=False))
        else:
            again = f", {present} enrolled again since" if present else ""
            at = f"{deletion.deleted_at:%Y-%m-%d %H:%M:%S}"
            print(f"{at}  {deletion.rule:8} {deletion.faces:6} faces of {deletion.face_set}{again}")
    if not as_json:
        print(f"{count} faces deleted; the records are as they were written; the last one's digest is {digest}")
