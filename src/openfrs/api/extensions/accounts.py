"""Management of a project's users by its admins."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.accounts.administration import Administration, AdminScope
from openfrs.accounts.principal import Role
from openfrs.accounts.quotas import ProjectLimits
from openfrs.api.auth import Admin
from openfrs.api.dependencies import AdministrationDep, OwnLimitsDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.refusals import refuses
from openfrs.api.requests.body import Input, raw_body, read_iam_input
from openfrs.core.errors import ServiceError
from openfrs.core.threads import run_write
from openfrs.store.accounts import Project, User

from .account_schemas import (
    DeletedKeyResponse,
    DeletedUserResponse,
    KeyResponse,
    KeysResponse,
    NewKeyResponse,
    NewUserResponse,
    OneUserResponse,
    PasswordResponse,
    ProjectResponse,
    UserResponse,
    UsersResponse,
)

router = APIRouter(prefix="/x/v1/accounts/{project_id}", tags=["accounts"])

_OF_USER = ("IAM.403", "IAM.404")
"""Errors of a route whose path names a user or an access key."""

UserId = Annotated[str, Path(description="Id of the user.")]
AccessKeyId = Annotated[str, Path(description="The access key, without its secret.")]
RoleName = Annotated[str, Field(json_schema_extra={"enum": [*Role]})]


LimitValues = Annotated[
    dict[str, Any],
    Field(
        json_schema_extra={
            "properties": ProjectLimits.model_json_schema()["properties"],
            "additionalProperties": False,
        }
    ),
]


class CreateUserInput(Input):
    """A new user of the project."""

    name: str = Field(description="The name of the user, unique in the domain.")
    role: RoleName
    one_time: bool = Field(False, description="True if the user has to change the password before the first login.")


class ResetInput(Input):
    """The use of a new password; an empty body is the same as `{}`."""

    one_time: bool = Field(False, description="True if the user has to change the password before the next login.")


class LimitsInput(Input):
    """Limits of the project to change, by name."""

    limits: LimitValues = Field(description="Limits by name; 0 removes a rate limit. Others stay as they are.")


class RoleInput(Input):
    """A role on the project."""

    role: RoleName


class EnabledInput(Input):
    """The state of a user: only an enabled one can sign in."""

    enabled: bool = Field(description="False to disable the user.")


@dataclass(frozen=True)
class ManagedProject:
    """A project and the users that one of its admins manages."""

    project: Project
    administration: Administration
    admin_scope: AdminScope
    audited: dict[str, str]
    """Details of the request's entry in the audit log."""

    def user(self, user_id: str) -> User:
        """Return a user that the admin manages, and record the name: it is that of a user who may be deleted later.

        Raises:
            ServiceError: ``IAM.404`` or ``IAM.403``
        """
        user = self.administration.get_user(user_id, self.admin_scope)
        self.record_subject(user)
        return user

    def record_subject(self, user: User) -> None:
        """Record the name of the user whom the request concerns."""
        self.audited["subject"] = user.full_name

    def user_response(self, user: User) -> UserResponse:
        """Describe a user with the role on this project."""
        role = self.administration.get_roles(user).get(self.project.id)
        return UserResponse(id=user.id, name=user.name, enabled=user.enabled, role="" if role is None else str(role))


async def _managed_project(request: Request, principal: Admin, administration: AdministrationDep) -> ManagedProject:
    return ManagedProject(principal.project, administration, AdminScope.of(principal), request.state.audited)


Managed = Annotated[ManagedProject, Depends(_managed_project)]


@router.get("", responses=refuses())
async def show_project(principal: Admin, own_limits: OwnLimitsDep) -> ProjectResponse:
    """Show the project and its limits."""
    project = principal.project
    return ProjectResponse.of(project, principal.limits, editable=own_limits.are_editable(project))


@router.put(
    "/limits",
    responses=refuses("IAM.400", "IAM.403"),
    openapi_extra=body_of(LimitsInput, multipart=False),
)
async def set_limits(request: Request, managed: Managed, own_limits: OwnLimitsDep) -> ProjectResponse:
    """Change limits of the project. Only admins of a project that belongs to the operator can."""
    values = (await read_iam_input(request, LimitsInput)).limits
    limits = await run_write(own_limits.change, managed.project, values)
    return ProjectResponse.of(managed.project, limits, editable=True)


@router.get("/users", responses=refuses(*_OF_USER))
async def list_users(managed: Managed) -> UsersResponse:
    """List the users that have a role on this project only, or no role any more after one on this project."""

    def load() -> list[UserResponse]:
        users = managed.administration.list_users(managed.project.domain.id, managed.admin_scope)
        return [managed.user_response(user) for user in users]

    return UsersResponse(users=await run_in_threadpool(load))


@router.post(
    "/users",
    responses=refuses(*_OF_USER, "IAM.400", "IAM.409"),
    openapi_extra=body_of(CreateUserInput, multipart=False),
)
async def create_user(request: Request, managed: Managed) -> NewUserResponse:
    """Create a user with a role on this project. The password is returned only once."""
    values = await read_iam_input(request, CreateUserInput)
    role = _parse_role(values.role)

    def create() -> NewUserResponse:
        user, password = managed.administration.create_user(
            managed.project.domain, values.name, home=managed.project, one_time=values.one_time
        )
        managed.record_subject(user)
        managed.administration.set_role(user, managed.project, role)
        return NewUserResponse(user=managed.user_response(user), password=password)

    return await run_write(create)


@router.delete("/users/{user_id}", responses=refuses(*_OF_USER, "IAM.409"))
async def delete_user(user_id: UserId, managed: Managed) -> DeletedUserResponse:
    """Delete a user. The user's role, tokens and access keys end at once; the audit log keeps the name."""

    def delete() -> DeletedUserResponse:
        user = managed.user(user_id)
        managed.administration.delete_user(user, managed.admin_scope)
        return DeletedUserResponse(id=user.id, name=user.name)

    return await run_write(delete)


@router.put(
    "/users/{user_id}/role",
    responses=refuses(*_OF_USER, "IAM.400", "IAM.409"),
    openapi_extra=body_of(RoleInput, multipart=False),
)
async def set_role(request: Request, user_id: UserId, managed: Managed) -> OneUserResponse:
    """Set a user's role on this project. The user's tokens are revoked."""
    role = _parse_role((await read_iam_input(request, RoleInput)).role)

    def change() -> OneUserResponse:
        user = managed.user(user_id)
        managed.administration.set_role(user, managed.project, role, managed.admin_scope)
        return OneUserResponse(user=managed.user_response(user))

    return await run_write(change)


@router.delete("/users/{user_id}/role", responses=refuses(*_OF_USER, "IAM.409"))
async def withdraw_role(user_id: UserId, managed: Managed) -> OneUserResponse:
    """Remove a user's role on this project. The user's tokens are revoked."""

    def change() -> OneUserResponse:
        user = managed.user(user_id)
        managed.administration.remove_role(user, managed.project, managed.admin_scope)
        return OneUserResponse(user=managed.user_response(user))

    return await run_write(change)


@router.put(
    "/users/{user_id}/enabled",
    responses=refuses(*_OF_USER, "IAM.400", "IAM.409"),
    openapi_extra=body_of(EnabledInput, multipart=False),
)
async def set_enabled(request: Request, user_id: UserId, managed: Managed) -> OneUserResponse:
    """Enable or disable a user. The user's tokens are revoked."""
    enabled = (await read_iam_input(request, EnabledInput)).enabled

    def change() -> OneUserResponse:
        managed.administration.set_enabled(managed.user(user_id), enabled=enabled, scope=managed.admin_scope)
        return OneUserResponse(user=managed.user_response(managed.user(user_id)))

    return await run_write(change)


@router.post(
    "/users/{user_id}/password",
    responses=refuses(*_OF_USER, "IAM.400"),
    openapi_extra=body_of(ResetInput, multipart=False, required=False),
)
async def reset_password(request: Request, user_id: UserId, managed: Managed) -> PasswordResponse:
    """Set a new password for a user. It is returned only once, and the user's tokens are revoked."""
    has_body = bool((await raw_body(request)).content)
    one_time = has_body and (await read_iam_input(request, ResetInput)).one_time
    return PasswordResponse(
        password=await run_write(
            lambda: managed.administration.reset_password(managed.user(user_id), one_time=one_time)
        )
    )


@router.get("/users/{user_id}/keys", response_model_exclude_none=True, responses=refuses(*_OF_USER))
async def list_keys(user_id: UserId, managed: Managed) -> KeysResponse:
    """List the access keys of a user."""
    keys = await run_in_threadpool(lambda: managed.administration.list_keys(managed.user(user_id)))
    return KeysResponse(keys=[KeyResponse.of(key) for key in keys])


@router.post("/users/{user_id}/keys", responses=refuses(*_OF_USER))
async def create_key(user_id: UserId, managed: Managed) -> NewKeyResponse:
    """Create an access key for a user. The secret key is returned only once."""
    key = await run_write(lambda: managed.administration.create_key(managed.user(user_id)))
    return NewKeyResponse(access_key=key.access_key, secret_key=key.secret_key)


@router.delete("/keys/{access_key}", responses=refuses(*_OF_USER))
async def delete_key(access_key: AccessKeyId, managed: Managed) -> DeletedKeyResponse:
    """Delete an access key."""
    managed.record_subject(await run_write(managed.administration.delete_key, access_key, managed.admin_scope))
    return DeletedKeyResponse(access_key=access_key)


def _parse_role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise ServiceError("IAM.400") from None
