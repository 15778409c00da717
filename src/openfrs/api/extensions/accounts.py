"""Managing the users of a project: for its admins."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.accounts.administration import Administration, AdminScope
from openfrs.accounts.principal import Role
from openfrs.api.auth import Admin, ServicesDependency
from openfrs.api.openapi.document import body_of
from openfrs.api.requests.body import Input, parsed, raw_body
from openfrs.core.errors import ServiceError
from openfrs.store.accounts import User

from .account_schemas import (
    DeletedKeyAnswer,
    KeyAnswer,
    KeysAnswer,
    NamedDomain,
    NewKeyAnswer,
    NewUserAnswer,
    OneUserAnswer,
    PasswordAnswer,
    ProjectAnswer,
    UserAnswer,
    UsersAnswer,
)

router = APIRouter(prefix="/x/v1/accounts/{project_id}", tags=["accounts"])


RoleName = Annotated[str, Field(json_schema_extra={"enum": [*Role]})]


class CreateUserInput(Input):
    """A new user of the project."""

    name: str
    role: RoleName


class RoleInput(Input):
    """A role on the project."""

    role: RoleName


class EnabledInput(Input):
    """Whether a user is let in."""

    enabled: bool


class Scope:
    """What every operation here works with."""

    def __init__(self, request: Request, principal: Admin, services: ServicesDependency) -> None:
        self.request = request
        self.project = principal.project
        self.limits = principal.limits
        self.authority = AdminScope.of(principal)
        self.administration: Administration = services.administration

    def user(self, user_id: str) -> User:
        """A user within the admin's reach."""
        return self.administration.user(user_id, self.authority)

    def described(self, user: User) -> UserAnswer:
        """A user as these routes show it."""
        role = self.administration.roles(user).get(self.project.id)
        return UserAnswer(id=user.id, name=user.name, enabled=user.enabled, role="" if role is None else str(role))


Here = Annotated[Scope, Depends(Scope)]


@router.get("")
async def show_project(here: Here) -> ProjectAnswer:
    """The project and the limits that hold for it."""
    project = here.project
    domain = NamedDomain(id=project.domain.id, name=project.domain.name)
    return ProjectAnswer(id=project.id, name=project.name, domain=domain, limits=here.limits)


@router.get("/users")
async def list_users(here: Here) -> UsersAnswer:
    """The users that have a role on this project alone or on none."""

    def found() -> list[UserAnswer]:
        users = here.administration.users(here.project.domain.id, here.authority)
        return [here.described(user) for user in users]

    return UsersAnswer(users=await run_in_threadpool(found))


@router.post("/users", openapi_extra=body_of(CreateUserInput, multipart=False))
async def create_user(here: Here) -> NewUserAnswer:
    """Make a user with a role on this project. The password is shown this once."""
    asked = await _read(here.request, CreateUserInput)
    role = _role(asked.role)

    def create() -> NewUserAnswer:
        user, password = here.administration.create_user(here.project.domain, asked.name)
        here.administration.set_role(user, here.project, role)
        return NewUserAnswer(user=here.described(user), password=password)

    return await run_in_threadpool(create)


@router.put("/users/{user_id}/role", openapi_extra=body_of(RoleInput, multipart=False))
async def set_role(user_id: str, here: Here) -> OneUserAnswer:
    """Give a user a role on this project in place of any other; the user's tokens end."""
    role = _role((await _read(here.request, RoleInput)).role)

    def change() -> OneUserAnswer:
        user = here.user(user_id)
        here.administration.set_role(user, here.project, role)
        return OneUserAnswer(user=here.described(user))

    return await run_in_threadpool(change)


@router.delete("/users/{user_id}/role")
async def withdraw_role(user_id: str, here: Here) -> OneUserAnswer:
    """Take a user's role on this project away; the user's tokens end."""

    def change() -> OneUserAnswer:
        user = here.user(user_id)
        here.administration.remove_role(user, here.project)
        return OneUserAnswer(user=here.described(user))

    return await run_in_threadpool(change)


@router.put("/users/{user_id}/enabled", openapi_extra=body_of(EnabledInput, multipart=False))
async def set_enabled(user_id: str, here: Here) -> OneUserAnswer:
    """Let a user in or keep the user out; the user's tokens end."""
    enabled = (await _read(here.request, EnabledInput)).enabled

    def change() -> OneUserAnswer:
        here.administration.set_enabled(here.user(user_id), enabled=enabled)
        return OneUserAnswer(user=here.described(here.user(user_id)))

    return await run_in_threadpool(change)


@router.post("/users/{user_id}/password")
async def reset_password(user_id: str, here: Here) -> PasswordAnswer:
    """Give a user a new password, shown this once; the user's tokens end."""
    return PasswordAnswer(
        password=await run_in_threadpool(lambda: here.administration.reset_password(here.user(user_id)))
    )


@router.get("/users/{user_id}/keys", response_model_exclude_none=True)
async def list_keys(user_id: str, here: Here) -> KeysAnswer:
    """A user's access keys."""
    keys = await run_in_threadpool(lambda: here.administration.keys(here.user(user_id)))
    return KeysAnswer(keys=[KeyAnswer.of(key) for key in keys])


@router.post("/users/{user_id}/keys")
async def create_key(user_id: str, here: Here) -> NewKeyAnswer:
    """A new access key for a user. The secret key is shown this once."""
    key = await run_in_threadpool(lambda: here.administration.create_key(here.user(user_id)))
    return NewKeyAnswer(access_key=key.access_key, secret_key=key.secret_key)


@router.delete("/keys/{access_key}")
async def delete_key(access_key: str, here: Here) -> DeletedKeyAnswer:
    """Delete an access key."""
    await run_in_threadpool(here.administration.delete_key, access_key, here.authority)
    return DeletedKeyAnswer(access_key=access_key)


async def _read(request: Request, model: type[Any]) -> Any:
    try:
        return await parsed(model, (await raw_body(request)).content)
    except ValueError:
        raise ServiceError("IAM.400") from None


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise ServiceError("IAM.400") from None
