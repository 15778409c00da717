"""Search of the audit log by the admins of a project."""

from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.accounts.administration import AdminScope
from openfrs.accounts.audit.log import LOGIN_FAILED, LOGINS_REFUSED
from openfrs.accounts.audit.search import Entry, search_audit
from openfrs.api.auth import Admin
from openfrs.api.dependencies import AdministrationDep, AuditDep
from openfrs.api.openapi.document import query_of
from openfrs.api.openapi.refusals import QUERY, refuses
from openfrs.api.requests.body import Input, read_query

router = APIRouter(prefix="/x/v1/accounts/{project_id}", tags=["accounts"])


class AuditQuery(Input):
    """The entries to return: those that contain `text` in any value and are older than `before`; at most `limit`."""

    text: Annotated[
        str, Field(max_length=200, description="Return only entries with this text in any value; case-insensitive.")
    ] = ""
    before: Annotated[str, Field(max_length=64, description="Cursor from the previous page.")] = ""
    limit: Annotated[int, Field(ge=1, le=200, description="Maximum number of entries to return.")] = 50


class AuditResponse(BaseModel):
    """Entries, newest first; `before` is the cursor of the next page, and empty on the last page."""

    entries: list[dict[str, Any]]
    before: str = Field(description="Cursor of the next page; empty on the last page.")


@router.get("/audit", summary="List audit entries", responses=refuses(*QUERY), openapi_extra=query_of(AuditQuery))
async def list_audit(
    request: Request, principal: Admin, administration: AdministrationDep, audit: AuditDep
) -> AuditResponse:
    """List entries of the project's audit log, and failed logins of the users that the admin manages."""
    query = read_query(request, AuditQuery)

    def search() -> AuditResponse:
        domain = principal.project.domain
        users = administration.list_users(domain.id, AdminScope.of(principal))
        user_ids = {user.id for user in users}
        names = {f"id/{user.id}" for user in users}  # entries of earlier releases have no user_id
        names |= {f"{at}/{user.name}" for user in users for at in (f"/{domain.name}", f"{domain.id}/")}
        text = query.text.casefold()

        def matches(entry: Entry) -> bool:
            is_login = entry["event"] in {LOGIN_FAILED, LOGINS_REFUSED}
            is_theirs = entry["user_id"] in user_ids if "user_id" in entry else entry.get("account") in names
            in_reach = entry.get("project_id") == principal.project.id or (is_login and is_theirs)
            return in_reach and (not text or any(text in str(value).casefold() for value in entry.values()))

        with closing(audit.newest_first()) as lines:
            page = search_audit(lines, matches, before=query.before, limit=query.limit)
        return AuditResponse(entries=[dict(entry) for entry in page.entries], before=page.before)

    return await run_in_threadpool(search)
