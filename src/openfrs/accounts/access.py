"""Signing in, and telling who is asking: by token or by signature."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.fernet import MultiFernet

from .. import limits
from ..errors import ServiceError
from ..store.accounts import AccountRepository, Project, User
from . import signatures
from .passwords import verify_password
from .principal import Principal
from .signatures import SignedRequest
from .tokens import Token, TokenMint

_WRONG_LOGIN = "The username or password is wrong."


@dataclass(frozen=True, slots=True)
class Login:
    """A request for a token. The user is named by id, or by name with a domain's name or id."""

    password: str
    user_id: str | None = None
    user_name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None
    project_id: str | None = None
    project_name: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A token just issued, and for whom and what."""

    text: str
    token: Token
    user: User
    project: Project | None


class Access:
    """The one way from credentials to a principal."""

    def __init__(
        self, accounts: AccountRepository, mint: TokenMint, secrets: MultiFernet, *, debug_signatures: bool = False
    ) -> None:
        self._accounts = accounts
        self._mint = mint
        self._secrets = secrets
        self._debug_signatures = debug_signatures

    def sign_in(self, login: Login) -> Session:
        """Issue a token for a user's password. Takes the time of a password hash whether or not there is such a user.

        Raises:
            ServiceError: ``IAM.401``, one message for whatever is wrong.
        """
        user = self._user(login)
        if (
            not verify_password(login.password, user.password_hash if user else None)
            or user is None
            or not user.enabled
        ):
            raise ServiceError("IAM.401", _WRONG_LOGIN)
        project = None
        if login.project_id is not None or login.project_name is not None:
            found = self._accounts.projects(user.domain.id, project_id=login.project_id, name=login.project_name)
            if not found:
                raise ServiceError("IAM.401", "The user has no such project.")
            project = found[0]
        text, token = self._mint.issue(user.id, project.id if project else "")
        return Session(text, token, user, project)

    def by_token(self, text: str) -> Principal:
        """The caller a token stands for.

        Raises:
            ServiceError: ``FRS.0002`` or ``APIG.0307``
        """
        token = self._mint.read(text)
        user = self._accounts.user(token.user_id)
        if user is None or not user.enabled:
            raise ServiceError("FRS.0002")
        return Principal(user, {token.project_id} - {""})

    def by_signature(self, request: SignedRequest) -> Principal:
        """The caller who signed a request.

        Raises:
            ServiceError: ``APIG.0301`` with the reason.
        """
        signature = signatures.parse_authorization(request.headers.get("authorization", ""))
        if signature is None:
            raise ServiceError("APIG.0301", "decrypt token fail")
        signed_at = signatures.signing_time(request)
        window = timedelta(minutes=limits.SIGNATURE_WINDOW_MINUTES)
        if signed_at is None or abs(datetime.now(UTC) - signed_at) > window:
            raise ServiceError("APIG.0301", "the X-Sdk-Date header is missing, wrong or more than 15 minutes off")
        key = self._accounts.access_key(signature.access_key)
        if key is None or not key.user.enabled:
            raise ServiceError("APIG.0301", f"Get secretKey failed,ak:{signature.access_key},err:ak not exist")
        secret = self._secrets.decrypt(key.secret).decode()
        if not signatures.is_valid(request, signature, secret):
            raise ServiceError("APIG.0301", self._mismatch(request, signature))
        return Principal(key.user, {project.id for project in self._accounts.projects(key.user.domain.id)})

    def projects(self, principal: Principal, name: str | None = None) -> list[Project]:
        """The projects of the caller's domain: all, or those of a name."""
        return self._accounts.projects(principal.user.domain.id, name=name)

    def _user(self, login: Login) -> User | None:
        if login.user_id is not None:
            return self._accounts.user(login.user_id)
        if login.user_name is None:
            return None
        return self._accounts.user_named(login.user_name, domain_id=login.domain_id, domain_name=login.domain_name)

    def _mismatch(self, request: SignedRequest, signature: signatures.Signature) -> str:
        message = "verify aksk signature fail"
        if self._debug_signatures:
            canonical = signatures.canonical_request(request, signature.signed_headers)
            message += ", canonicalRequest:" + canonical.encode("utf-8", "replace").decode().replace("\n", "|")
        return message
