"""Change of a user's own password."""

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from openfrs.accounts.audit.log import WRITE
from openfrs.accounts.authentication import Login
from openfrs.api.auth import address_of, note_audited
from openfrs.api.dependencies import LoginQueueDep
from openfrs.api.iam.schemas import UserInput
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.refusals import refuses_in_iam
from openfrs.api.requests.body import Input, read_iam_input
from openfrs.core import limits

router = APIRouter(prefix="/x/v1/password", tags=["identity"])


class NewPasswordInput(Input):
    """A user with the current password, and the new one."""

    user: UserInput
    new_password: str = Field(max_length=limits.MAX_PASSWORD_LENGTH, description="The new password.")


@router.post(
    "",
    status_code=204,
    responses=refuses_in_iam("IAM.400/password"),
    openapi_extra=body_of(NewPasswordInput, multipart=False),
)
async def change_password(request: Request, login_queue: LoginQueueDep) -> Response:
    """Change the caller's password; the current one is enough, also if it has to be changed. The user's tokens are revoked."""
    values = await read_iam_input(request, NewPasswordInput)
    login = Login(
        password=values.user.password,
        address=address_of(request),
        user_id=values.user.id,
        user_name=values.user.name,
        domain_id=values.user.domain.id,
        domain_name=values.user.domain.name,
        request_id=request.state.request_id,
    )
    user, project_id = await login_queue.change_password(login, values.new_password)
    note_audited(request, WRITE, user, project_id)
    return Response(status_code=204)
