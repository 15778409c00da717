"""Authentication by password, token or request signature, and authorization for a project."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from openfrs.core import limits, signing
from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError
from openfrs.core.signing import SignedRequest
from openfrs.store.accounts import AccountRepository, Domain, Project, User

from . import signatures
from .failed_logins import FailedLogins
from .keyring import Keyring
from .last_uses import LastUseRecorder
from .passwords import check_new_password, hash_password, verify_password
from .principal import Caller, Principal, Role
from .quotas import ProjectLimits
from .replays import ReplayGuard
from .signatures import Signature
from .throttle import Throttle
from .tokens import Token, TokenIssuer, seal, unseal

_WRONG_LOGIN = "The username or password is wrong."
_MUST_CHANGE = "The password must be changed first: POST /x/v1/password."
_NO_PROJECT = "The user has no such project."
_NO_DOMAIN = "The user has no such domain."


@dataclass(frozen=True, slots=True)
class Scope:
    """The requested scope of a token: a project by id or name, or else a domain, by default that of the user."""

    project_id: str | None = None
    project_name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """A login request. The user is identified by id, or by name with the name or id of a domain."""

    password: str
    address: str
    user_id: str | None = None
    user_name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None
    scope: Scope = Scope()
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A token with its user and scope; ``project`` and ``role`` are None for a domain-scoped token."""

    text: str
    token: Token
    user: User
    project: Project | None
    role: Role | None


@dataclass(frozen=True, slots=True)
class TemporaryKey:
    """A temporary access key, valid only with its security token."""

    access_key: str
    secret_key: str
    security_token: str
    expires_at: datetime


class Authenticator:
    """Checks credentials and resolves them to callers and principals."""

    def __init__(
        self,
        accounts: AccountRepository,
        issuer: TokenIssuer,
        keyring: Keyring,
        throttle: Throttle,
        replays: ReplayGuard,
        failed_logins: FailedLogins,
        default_limits: ProjectLimits,
        *,
        debug_signatures: bool = False,
        password_length: int,
    ) -> None:
        self._accounts = accounts
        self._issuer = issuer
        self._keyring = keyring
        self._throttle = throttle
        self._replays = replays
        self._failed_logins = failed_logins
        self._default_limits = default_limits
        self._debug_signatures = debug_signatures
        self._password_length = password_length
        self._last_uses = LastUseRecorder(accounts)

    def close(self) -> None:
        """Stop recording."""
        self._last_uses.close()

    # tokens

    def sign_in(self, login: Login) -> Session:
        """Issue a token for a user's password. The duration does not depend on whether the user exists.

        Raises:
            ServiceError: ``IAM.401`` wrong credentials or scope, the password must be changed, or the account is locked;
                ``IAM.429`` the address is locked.
        """
        account, user = self._find_account(login)
        try:
            return self._sign_in(login, account, user)
        except ServiceError as error:
            self._failed_logins.record(login, user, error)
            raise

    def change_password(self, login: Login, new_password: str) -> tuple[User, str]:
        """Set a user's own password, and revoke the user's tokens; return the user and the id of a project of the user, if any.

        Raises:
            ServiceError: as :meth:`sign_in`; ``IAM.400/password`` the new password is not accepted.
        """
        account, found = self._find_account(login)
        try:
            user = self._verify_password(login, account, found)
        except ServiceError as error:
            self._failed_logins.record(login, found, error)
            raise
        names = (user.name, user.domain.name)
        check_new_password(new_password, login.password, names=names, min_length=self._password_length)
        self._accounts.update_user(user.id, password_hash=hash_password(new_password), must_change_password=False)
        projects = [grant.project_id for grant in self._accounts.list_grants(user_id=user.id)]
        return user, next(iter(projects), user.home_project_id or "")

    def _sign_in(self, login: Login, account: str, user: User | None) -> Session:
        user = self._verify_password(login, account, user)
        if user.must_change_password:
            raise ServiceError("IAM.401", _MUST_CHANGE)
        project, role = self._resolve_scope(user, login.scope)
        text, token = self._issuer.issue(user.id, project.id if project else "", user.credentials_version)
        return Session(text, token, user, project, role)

    def _verify_password(self, login: Login, account: str, user: User | None) -> User:
        self._throttle.check_login(account, login.address)
        is_correct = verify_password(login.password, user.password_hash if user else None)
        if not is_correct or user is None or not user.enabled:
            self._throttle.record_failure(account, login.address)
            raise ServiceError("IAM.401", _WRONG_LOGIN)
        self._throttle.record_success(account, login.address)
        return user

    def rescope(self, text: str, scope: Scope) -> Session:
        """Exchange a token for one with another scope and the same expiry.

        Raises:
            ServiceError: as :meth:`inspect`; ``IAM.401`` the user has no such project or domain, or the token was exchanged too
                often.
        """
        old_token, user = self._read_token(text)
        project, role = self._resolve_scope(user, scope)
        text, token = self._issuer.rescope(old_token, project.id if project else "")
        return Session(text, token, user, project, role)

    def inspect(self, text: str) -> Session:
        """Return the user and scope of a token.

        Raises:
            ServiceError: ``FRS.0002`` it is not a token; ``FRS.0002/401`` it is unknown, expired or revoked, or its user
                was changed.
        """
        token, user = self._read_token(text)
        project, role = self._accounts.find_membership(user.id, token.project_id) or (None, None)
        return Session(text, token, user, project, Role(role) if role else None)

    def revoke(self, text: str) -> None:
        """Revoke a token, and the tokens and temporary access keys that were obtained with it.

        Raises:
            ServiceError: as :meth:`inspect`
        """
        token, _ = self._read_token(text)
        self._accounts.revoke_token(token.id, token.expires_at)

    def revoke_sign_in(self, text: str) -> User:
        """Revoke the token of a sign-in, from which a token derives, and all that was obtained with it; return the user.

        Raises:
            ServiceError: as :meth:`inspect`
        """
        token, user = self._read_token(text)
        self._accounts.revoke_token(token.lineage[0], token.expires_at)
        return user

    def create_temporary_key(self, caller: Caller, seconds: int) -> TemporaryKey:
        """Create a temporary access key for the caller, valid for ``seconds``.

        It expires no later than the caller's credentials, has their scope, and is revoked with them.
        """
        expires_at = min(_after(seconds), caller.expires_at) if caller.expires_at else _after(seconds)
        access_key, secret_key = "TMP" + secrets.token_hex(9).upper(), secrets.token_urlsafe(30)
        content = {
            "access_key": access_key,
            "secret_key": secret_key,
            "user_id": caller.user.id,
            "project_id": caller.project_id,
            "credentials_version": caller.user.credentials_version,
            "expires_at": expires_at,
            "token_ids": caller.token_ids,
            "made_with": caller.access_key,
        }
        return TemporaryKey(access_key, secret_key, seal(self._keyring, content), expires_at)

    # callers

    def authenticate_token(self, text: str) -> Caller:
        """Return the caller of a token.

        Raises:
            ServiceError: as :meth:`inspect`
        """
        token, user = self._read_token(text)
        return Caller(user, token.project_id, expires_at=token.expires_at, token_ids=token.lineage)

    def check_signer(self, request: SignedRequest, address: str) -> None:
        """Check date and key of a signed request, before its body is read.

        Raises:
            ServiceError: as :meth:`authenticate_signature`, except for an invalid signature.
        """
        self._signer_of(request, address)

    def authenticate_signature(self, request: SignedRequest, address: str) -> Caller:
        """Return the caller who signed a request.

        Raises:
            ServiceError: ``APIG.0301`` the signature is missing, invalid or expired, or the access key is unknown.
        """
        signature, caller, secret_key = self._signer_of(request, address)
        if not signatures.is_valid(request, signature, secret_key):
            raise ServiceError("APIG.0301", self._mismatch_message(request, signature))
        if signing.SECURITY_TOKEN_HEADER not in request.headers:
            self._last_uses.record(signature.access_key)
        return caller

    def reject_replay(self, caller: Caller) -> None:
        """Reject a signed request that was received before; called for requests that write.

        Raises:
            ServiceError: as :meth:`ReplayGuard.check`
        """
        if caller.signature:
            self._replays.check(caller.signature, caller.body_sha256)

    def authorize(self, caller: Caller, project_id: str) -> Principal:
        """Return the principal for a caller in a project.

        Raises:
            ServiceError: ``FRS.0028`` the credentials have another project, or the user has no role on this one; ``FRS.0002``
                the token is domain-scoped; ``APIG.0310`` the project is disabled.
        """
        if caller.project_id == "":
            raise ServiceError("FRS.0002")
        if caller.project_id not in {None, project_id}:
            raise ServiceError("FRS.0028")
        membership = self._accounts.find_membership(caller.user.id, project_id)
        if membership is None:
            raise ServiceError("FRS.0028")
        project, role = membership
        if not project.enabled:
            raise ServiceError("APIG.0310")
        return Principal(caller, project, Role(role), self._default_limits.override(project.limits))

    def list_projects(self, user: User, name: str | None = None) -> list[Project]:
        """Return the projects on which a user has a role, all or the one named ``name``."""
        return [
            project for project in self._accounts.list_user_projects(user.id) if name is None or project.name == name
        ]

    def list_domains(self, user: User) -> list[Domain]:
        """Return the domains for which a user can have a token."""
        return [user.domain]

    def _find_account(self, login: Login) -> tuple[str, User | None]:
        """Return the key for counting failures, and the user if there is one. All spellings of a user have the same key.

        So have those of a user who does not exist: otherwise the lock would reveal that.
        """
        if login.user_id is not None:
            return f"id/{login.user_id}", self._accounts.find_user(login.user_id)
        domain_id = self._accounts.find_domain_id(id=login.domain_id, name=login.domain_name)
        name = login.user_name or ""
        user = None if domain_id is None else self._accounts.find_user_by_name(name, domain_id=domain_id)
        if user is not None:
            return f"id/{user.id}", user
        unknown = json.dumps([domain_id or login.domain_id or login.domain_name, name])
        return f"name/{sha256(unknown.encode()).hexdigest()}", None  # clients choose it, and its length

    def _resolve_scope(self, user: User, scope: Scope) -> tuple[Project | None, Role | None]:
        if scope.project_id is None and scope.project_name is None:
            if scope.domain_id not in {None, user.domain.id} or scope.domain_name not in {None, user.domain.name}:
                raise ServiceError("IAM.401", _NO_DOMAIN)
            return None, None
        for project in self._accounts.list_user_projects(user.id):
            if scope.project_id == project.id or (scope.project_id is None and scope.project_name == project.name):
                return project, self._role(user.id, project.id)
        raise ServiceError("IAM.401", _NO_PROJECT)

    def _role(self, user_id: str, project_id: str) -> Role | None:
        grants = self._accounts.list_grants(user_id=user_id, project_id=project_id)
        return Role(grants[0].role) if grants else None

    def _read_token(self, text: str) -> tuple[Token, User]:
        token = self._issuer.read(text)
        user = self._accounts.find_token_user(token.user_id, token.lineage)
        if user is None or not user.enabled or user.credentials_version != token.credentials_version:
            raise ServiceError("FRS.0002/401")
        return token, user

    def _signer_of(self, request: SignedRequest, address: str) -> tuple[Signature, Caller, str]:
        """Return the signature of a request, its caller and the caller's secret, without verifying the signature."""
        signature = signatures.parse_authorization(request.headers.get("authorization", ""))
        if signature is None:
            raise ServiceError("APIG.0301", "decrypt token fail")
        _check_signing_time(request)
        signer = self._find_signer(request, signature)
        if signer is None:
            raise self._throttle.unknown_key_error(signature.access_key[:64], address)
        return signature, *signer

    def _find_signer(self, request: SignedRequest, signature: Signature) -> tuple[Caller, str] | None:
        """Return the caller and the secret of an access key; None if the key is unknown or its user disabled."""
        security_token = request.headers.get(signing.SECURITY_TOKEN_HEADER)
        if security_token is not None:
            return self._find_temporary_signer(request, signature, security_token)
        key = self._accounts.find_access_key(signature.access_key)
        user = self._accounts.find_user(key.user_id) if key else None
        if key is None or user is None or not user.enabled:
            return None
        caller = Caller(user, None, signature.hexdigest, request.body_sha256, access_key=key.access_key)
        return caller, self._keyring.secrets.decrypt(key.secret).decode()

    def _find_temporary_signer(
        self, request: SignedRequest, signature: Signature, security_token: str
    ) -> tuple[Caller, str] | None:
        try:
            content = unseal(self._keyring, security_token)
        except ServiceError:
            return None
        if content.get("access_key") != signature.access_key or content["expires_at"] <= utc_now():
            return None
        token_ids, made_with = tuple(content.get("token_ids", ())), content.get("made_with", "")
        if made_with and self._accounts.find_access_key(made_with) is None:
            return None
        user = self._accounts.find_token_user(content["user_id"], token_ids)
        if user is None or not user.enabled or user.credentials_version != content["credentials_version"]:
            return None
        caller = Caller(
            user,
            content["project_id"],
            signature.hexdigest,
            request.body_sha256,
            expires_at=content["expires_at"],
            token_ids=token_ids,
            access_key=made_with,
        )
        return caller, content["secret_key"]

    def _mismatch_message(self, request: SignedRequest, signature: Signature) -> str:
        message = "verify aksk signature fail"
        if self._debug_signatures:
            canonical = signing.canonical_request(request, signature.signed_headers)
            message += ", canonicalRequest:" + canonical.encode("utf-8", "replace").decode().replace("\n", "|")
        return message


def _after(seconds: int) -> datetime:
    return utc_now() + timedelta(seconds=seconds)


def _check_signing_time(request: SignedRequest) -> None:
    """Check that a request was signed just now, by this server's clock.

    Raises:
        ServiceError: ``APIG.0301``, with both times, for the owner of the clock that is wrong.
    """
    signed_at, now, minutes = signatures.signing_time(request), utc_now(), limits.SIGNATURE_WINDOW_MINUTES
    if signed_at is None:
        raise ServiceError("APIG.0301", "the X-Sdk-Date header is missing or not a time such as 20300101T120000Z")
    if abs(now - signed_at) > timedelta(minutes=minutes):
        times = f"{signed_at:{signing.DATE_FORMAT}} is more than {minutes} minutes from {now:{signing.DATE_FORMAT}}"
        raise ServiceError("APIG.0301", f"the X-Sdk-Date {times}, the time of the server")
