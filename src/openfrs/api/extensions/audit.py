"""Searching the audit log: for the admins of a project."""

from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.accounts.administration import AdminScope
from openfrs.accounts.audit.search import Entry, search_audit
from openfrs.api.auth import Admin, ServicesDependency
from openfrs.api.openapi.document import query_of
from openfrs.api.requests.body import Input, read_query

router = APIRouter(prefix="/x/v1/accounts/{project_id}", tags=["accounts"])


class AuditQuery(Input):
    """Which entries: those with a text in any value, older than a time; at most ``limit``."""

    text: Annotated[str, Field(max_length=200)] = ""
    before: Annotated[str, Field(max_length=64)] = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AuditResponse(BaseModel):
    """Entries, newest first; ``before`` goes into the next question, and is empty where there is nothing older."""

    entries: list[dict[str, Any]]
    before: str


@router.get("/audit", openapi_extra=query_of(AuditQuery))
async def list_audit(request: Request, principal: Admin, services: ServicesDependency) -> AuditResponse:
    """Entries of the project's audit log, and failed logins of the users that the admin manages."""
    asked = read_query(request, AuditQuery)

    def found() -> AuditResponse:
        domain = principal.project.domain
        users = services.administration.users(domain.id, AdminScope.of(principal))
        logins = {f"id/{user.id}" for user in users}
        logins |= {f"{at}/{user.name}" for user in users for at in (f"/{domain.name}", f"{domain.id}/")}
        text = asked.text.casefold()

        def wanted(entry: Entry) -> bool:
            own = entry.get("project_id") == principal.project.id or entry.get("account") in logins
            return own and (not text or any(text in str(value).casefold() for value in entry.values()))

        with closing(services.audit.newest_first()) as lines:
            page = search_audit(lines, wanted, before=asked.before, limit=asked.limit)
        return AuditResponse(entries=[dict(entry) for entry in page.entries], before=page.before)

    return await run_in_threadpool(found)
