"""Search and export of the audit log by the admins of a project."""

from collections.abc import Callable
from contextlib import closing
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from openfrs.accounts.administration import Administration, AdminScope
from openfrs.accounts.audit.export import COLUMNS, ExportFormat, exported
from openfrs.accounts.audit.log import FAILURE, LOGIN_FAILED, LOGINS_REFUSED, SUCCESS, AuditLog
from openfrs.accounts.audit.search import AuditFilter, AuditPage, Entry, parse_audit_time, search_audit
from openfrs.accounts.principal import Principal
from openfrs.api.auth import Admin
from openfrs.api.dependencies import AdministrationDep, AuditDep
from openfrs.api.openapi.document import query_of
from openfrs.api.openapi.refusals import QUERY, refuses
from openfrs.api.requests.body import Input, read_query

router = APIRouter(prefix="/x/v1/accounts/{project_id}", tags=["accounts"])

MAX_EXPORTED = 10_000
"""Maximum number of entries of one export."""

_CURSOR_HEADER = "X-Audit-Before"

AuditTime = Annotated[str, Field(max_length=64), AfterValidator(parse_audit_time)]


class AuditQuery(Input):
    """The entries to return: those that meet all conditions and are older than `before`; at most `limit`."""

    text: Annotated[
        str, Field(max_length=200, description="Return only entries with this text in any value; case-insensitive.")
    ] = ""
    actor: Annotated[
        str,
        Field(max_length=200, description="Only entries with this text in the actor's name or id; case-insensitive."),
    ] = ""
    operation: Annotated[
        str,
        Field(
            max_length=64, description="Only entries of this operation or event. Searches are listed only by `search`."
        ),
    ] = ""
    outcome: Annotated[
        str,
        Field(
            pattern=f"^({SUCCESS}|{FAILURE})?$", description="Only entries with this outcome: `success` or `failure`."
        ),
    ] = ""
    since: AuditTime = Field("", description="Only entries from this date or time on; UTC unless it has an offset.")
    until: AuditTime = Field("", description="Only entries before this date or time; UTC unless it has an offset.")
    before: Annotated[str, Field(max_length=64, description="Cursor from the previous page.")] = ""
    limit: Annotated[int, Field(ge=1, le=200, description="Maximum number of entries to return.")] = 50

    @property
    def filter(self) -> AuditFilter:
        """The conditions on entries."""
        return AuditFilter(self.text, self.actor, self.operation, self.outcome, self.since, self.until)


class AuditExportQuery(AuditQuery):
    """The entries to export."""

    format: ExportFormat = Field(ExportFormat.CSV, description="Format of the entries.")
    limit: Annotated[int, Field(ge=1, le=MAX_EXPORTED, description="Maximum number of entries to return.")] = (
        MAX_EXPORTED
    )


class AuditResponse(BaseModel):
    """Entries, newest first; `before` is the cursor of the next page, and empty on the last page."""

    entries: list[dict[str, Any]]
    before: str = Field(description="Cursor of the next page; empty on the last page.")


_EXPORTED: Final[dict[str, Any]] = {
    "description": "Entries, newest first, one on each line.",
    "headers": {
        _CURSOR_HEADER: {
            "description": "Cursor of the next page; empty on the last page.",
            "schema": {"type": "string"},
        }
    },
    "content": {
        "text/csv": {"schema": {"type": "string"}, "example": ",".join((*COLUMNS, "details")) + "\r\n"},
        "application/jsonl": {"schema": {"type": "string"}, "example": '{"time": "…", "event": "write"}\n'},
    },
}


@router.get("/audit", summary="List audit entries", responses=refuses(*QUERY), openapi_extra=query_of(AuditQuery))
async def list_audit(
    request: Request, principal: Admin, administration: AdministrationDep, audit: AuditDep
) -> AuditResponse:
    """List entries of the project's audit log, and failed logins of the users that the admin manages."""
    query = read_query(request, AuditQuery)
    page = await run_in_threadpool(_search, query, principal, administration, audit)
    return AuditResponse(entries=[dict(entry) for entry in page.entries], before=page.before)


@router.get(
    "/audit/export",
    summary="Export audit entries",
    response_class=Response,
    responses={200: _EXPORTED, **refuses(*QUERY)},
    openapi_extra=query_of(AuditExportQuery),
)
async def export_audit(
    request: Request, principal: Admin, administration: AdministrationDep, audit: AuditDep
) -> Response:
    """Export the entries that `GET …/audit` lists, as CSV or as lines of JSON."""
    query = read_query(request, AuditExportQuery)

    def export() -> tuple[str, str]:
        page = _search(query, principal, administration, audit)
        return "".join(exported(page.entries, query.format)), page.before

    content, before = await run_in_threadpool(export)
    return Response(content, headers={_CURSOR_HEADER: before}, media_type=query.format.media_type)


def _search(query: AuditQuery, principal: Principal, administration: Administration, audit: AuditLog) -> AuditPage:
    conditions, in_reach = query.filter, _reach(principal, administration)
    with closing(audit.newest_first(conditions.parts)) as lines:
        return search_audit(
            lines,
            lambda entry: in_reach(entry) and conditions.matches(entry),
            before=min(filter(None, (query.before, query.until)), default=""),
            since=query.since,
            limit=query.limit,
        )


def _reach(principal: Principal, administration: Administration) -> Callable[[Entry], bool]:
    """Return whether an admin may read an entry: it is of the project, or a failed login of a user that the admin manages."""
    project = principal.project
    users = administration.list_users(project.domain.id, AdminScope.of(principal))
    user_ids = {user.id for user in users}
    names = {f"id/{user.id}" for user in users}  # entries of earlier releases have no user_id
    names |= {f"{at}/{user.name}" for user in users for at in (f"/{project.domain.name}", f"{project.domain.id}/")}

    def in_reach(entry: Entry) -> bool:
        if project.id in (entry.get("project_id"), entry.get("project")):  # either may be missing
            return True
        is_login = entry["event"] in {LOGIN_FAILED, LOGINS_REFUSED}
        return is_login and (entry["user_id"] in user_ids if "user_id" in entry else entry.get("account") in names)

    return in_reach
