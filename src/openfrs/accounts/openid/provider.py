"""An OpenID Connect provider: discovery, the authorization code flow with PKCE, and the ID token.

Nothing is requested before the first sign-in. The ID token is verified by joserfc: signature, issuer, audience, times and nonce.
"""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from openfrs.core.errors import OperatorError, ServiceError, missing_extra
from openfrs.core.settings import Settings

if TYPE_CHECKING:  # joserfc is optional, and httpx takes 60 ms to import
    import httpx
    from joserfc.jwk import KeySet

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
"""Signatures of ID tokens that are accepted: asymmetric ones."""

_TIMEOUT_SECONDS: Final = 10.0
_KEEP_SECONDS: Final = 3600.0
_MIN_REFRESH_SECONDS: Final = 30.0
_LEEWAY_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Flow:
    """The secrets of one sign-in, from its start to its callback."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def challenge(self) -> str:
        """The code challenge of PKCE, by S256."""
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider describes them; ``subject`` is the provider's own id, which never changes."""

    issuer: str
    subject: str
    name: str
    email: str
    groups: frozenset[str]


class OpenIdError(ServiceError):
    """A sign-in with the provider failed (``IAM.401``)."""

    def __init__(self, reason: str) -> None:
        super().__init__("IAM.401", f"The sign-in with the identity provider failed: {reason}.")


class OpenIdProvider:
    """A provider, reached with asynchronous HTTP. Its description and keys are kept for an hour."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, *, groups_claim: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._groups_claim = groups_claim
        self._description: Mapping[str, Any] = {}
        self._keys: "KeySet | None" = None  # noqa: UP037  # imported for types only
        self._read_at = -_KEEP_SECONDS

    @classmethod
    def from_settings(cls, settings: Settings) -> "OpenIdProvider":
        """Read the configuration.

        Raises:
            OperatorError: It is incomplete, or the extra ``openfrs[oidc]`` is not installed.
        """
        parts = urlsplit(settings.oidc_issuer)
        is_local = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if not parts.hostname or (parts.scheme != "https" and not (is_local and parts.scheme == "http")):
            raise OperatorError("setting oidc_issuer must be an https:// URL")
        if not settings.oidc_client_id or settings.oidc_client_secret_file is None:
            raise OperatorError("setting oidc_issuer needs oidc_client_id and oidc_client_secret_file")
        try:
            import joserfc  # noqa: F401
        except ImportError:
            raise missing_extra("setting oidc_issuer needs joserfc, which is not installed", "oidc") from None
        try:
            secret = settings.oidc_client_secret_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise OperatorError(f"cannot read {settings.oidc_client_secret_file}") from None
        return cls(settings.oidc_issuer, settings.oidc_client_id, secret, groups_claim=settings.oidc_groups_claim)

    async def authorization_url(self, flow: Flow, redirect_uri: str, scope: str) -> str:
        """Return the URL at which a person signs in.

        Raises:
            OpenIdError: The provider does not answer.
        """
        async with self._http() as http:
            await self._discover(http)
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"

    async def redeem(self, flow: Flow, code: str, redirect_uri: str) -> Identity:
        """Exchange a code for an ID token and return the person whom it identifies.

        Raises:
            OpenIdError: The provider rejects the code, or the ID token is invalid.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._client_id,
            "code_verifier": flow.verifier,
        }
        import httpx

        async with self._http() as http:
            await self._discover(http)
            methods = self._description.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            by_form = "client_secret_basic" not in methods and "client_secret_post" in methods
            if by_form:
                form["client_secret"] = self._client_secret
            auth = httpx.Auth() if by_form else httpx.BasicAuth(self._client_id, self._client_secret)
            endpoint = self._endpoint("token_endpoint")
            tokens = await self._json(http.post(endpoint, data=form, auth=auth))
            if not isinstance(id_token := tokens.get("id_token"), str):
                raise OpenIdError("there is no ID token")
            claims = await self._verified(http, id_token)
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), flow.nonce.encode()):
            raise OpenIdError("the ID token is of another sign-in")
        return self._identity(claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        email = claims.get("email") if claims.get("email_verified") is True else ""
        name = claims.get("preferred_username") or claims.get("email") or claims.get("name") or claims["sub"]
        groups = claims.get(self._groups_claim, [])
        listed = groups if isinstance(groups, Sequence) and not isinstance(groups, str) else [groups]
        return Identity(self._issuer, str(claims["sub"]), str(name), str(email or ""), frozenset(map(str, listed)))

    async def _verified(self, http: "httpx.AsyncClient", id_token: str) -> Mapping[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        for is_last in (False, True):
            assert self._keys is not None
            try:
                token = jwt.decode(id_token, self._keys, algorithms=list(ALGORITHMS))
                break
            except (JoseError, ValueError):
                # the provider may have changed its keys
                if is_last or time.monotonic() - self._read_at < _MIN_REFRESH_SECONDS:
                    raise OpenIdError("the signature of the ID token is invalid") from None
                await self._discover(http, again=True)
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        try:
            registry.validate(token.claims)
        except (JoseError, ValueError):
            raise OpenIdError("the ID token has expired, or is for another service") from None
        audiences = token.claims["aud"]
        authorized = token.claims.get("azp", self._client_id)
        if authorized != self._client_id or (
            isinstance(audiences, list) and len(audiences) > 1 and "azp" not in token.claims
        ):
            raise OpenIdError("the ID token is for another service")
        claims: Mapping[str, Any] = token.claims
        return claims

    async def _discover(self, http: "httpx.AsyncClient", *, again: bool = False) -> None:
        """Read the description and the keys of the provider, unless that was done within the hour."""
        if time.monotonic() - self._read_at < _KEEP_SECONDS and not again:
            return
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        description = await self._json(http.get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"))
        if description.get("issuer") != self._issuer:
            raise OpenIdError("the provider describes another issuer")
        self._description = description
        keys: Any = await self._json(http.get(self._endpoint("jwks_uri")))
        try:
            self._keys = KeySet.import_key_set(keys)
        except (JoseError, LookupError, TypeError, ValueError):
            raise OpenIdError("the keys of the provider cannot be read") from None
        self._read_at = time.monotonic()

    def _endpoint(self, name: str) -> str:
        """Return an endpoint of the description, which must be as safe as the issuer."""
        url = self._description.get(name)
        if not isinstance(url, str) or urlsplit(url).scheme not in {"https", urlsplit(self._issuer).scheme}:
            raise OpenIdError(f"the provider has no {name}")
        return url

    @staticmethod
    def _http() -> "httpx.AsyncClient":
        import httpx

        return httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, follow_redirects=False)

    @staticmethod
    async def _json(request: Any) -> Mapping[str, Any]:
        import httpx

        try:
            response: httpx.Response = await request
            values = response.json() if response.is_success else None
        except (httpx.HTTPError, ValueError):
            raise OpenIdError("the provider does not answer") from None
        if not isinstance(values, dict):
            raise OpenIdError(f"the provider answered with status {response.status_code}")
        return values
