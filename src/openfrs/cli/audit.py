"""``openfrs audit``."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

import typer

from openfrs.accounts.audit.database_log import open_audit
from openfrs.accounts.audit.export import ExportFormat, exported
from openfrs.accounts.audit.log import AuditLog
from openfrs.accounts.audit.search import AuditFilter, Entry, parse_audit_time
from openfrs.core.errors import OperatorError
from openfrs.store.opening import opened_database, require_data

from .options import Data, settings_of


def audit(
    text: Annotated[str, typer.Option(help="Only entries with this text in any value.")] = "",
    actor: Annotated[str, typer.Option(help="Only entries with this text in the actor's name or id.")] = "",
    operation: Annotated[str, typer.Option(help="Only this operation or event; search lists searches.")] = "",
    outcome: Annotated[str, typer.Option(help="Only this outcome: success or failure.")] = "",
    since: Annotated[str, typer.Option(help="Only entries from this date or time on.")] = "",
    until: Annotated[str, typer.Option(help="Only entries before this date or time.")] = "",
    project: Annotated[str | None, typer.Option(help="ID of a project.", show_default="all projects")] = None,
    format: Annotated[ExportFormat, typer.Option(help="Format of the entries.")] = ExportFormat.JSONL,  # noqa: A002
    data: Data = None,
) -> None:
    """Print the audit log, newest first, as JSONL or CSV. The server may run."""
    conditions = AuditFilter(text, actor, operation, outcome, _time(since, "--since"), _time(until, "--until"))
    settings = settings_of(data=data)
    require_data(settings)
    with opened_database(settings) as database, closing(open_audit(settings, database)) as log:
        for line in exported(_entries(log, conditions, project), format):
            sys.stdout.write(line)


def _entries(log: AuditLog, conditions: AuditFilter, project_id: str | None) -> Iterator[Entry]:
    with closing(log.newest_first(conditions.parts)) as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # cut when the disk was full
            if entry["time"] < conditions.since:
                break
            is_early = not conditions.until or entry["time"] < conditions.until
            of_project = project_id is None or project_id in (entry.get("project_id"), entry.get("project"))
            if is_early and of_project and conditions.matches(entry):
                yield entry


def _time(text: str, option: str) -> str:
    try:
        return parse_audit_time(text)
    except ValueError:
        raise OperatorError(f"{option} {text} is not a date or time such as 2026-05-04 or 2026-05-04T09:30") from None
