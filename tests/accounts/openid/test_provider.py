"""ID tokens that are not what they should be, and configurations that are incomplete."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from openfrs.accounts.openid.provider import Flow, Identity, OpenIdError, OpenIdProvider
from openfrs.accounts.openid.sign_in import GroupRole, parse_group_roles
from openfrs.accounts.principal import Role
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings

ISSUER = "https://login.example"
FLOW = Flow("state", "nonce", "v" * 64)
KEY = RSAKey.generate_key(2048, {"kid": "1"})
OTHER = RSAKey.generate_key(2048, {"kid": "1"})


class Provider:
    """Answers of a provider: its ID token and its keys can be set."""

    def __init__(self) -> None:
        self.id_token: Any = ""
        self.keys: list[Any] = [KEY]
        self.forms: list[dict[str, str]] = []
        self.description: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self.description)
            case "/keys":
                return httpx.Response(200, json=KeySet(self.keys).as_dict(private=False))
            case _:
                self.forms.append(dict(httpx.QueryParams(request.content.decode())))
                return httpx.Response(200, json={"id_token": self.id_token})


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Provider:
    provider = Provider()
    client = lambda: httpx.AsyncClient(transport=httpx.MockTransport(provider))  # noqa: E731
    monkeypatch.setattr(OpenIdProvider, "_http", staticmethod(client))
    return provider


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    given = {"iss": ISSUER, "aud": "openfrs", "sub": "1", "nonce": "nonce", "iat": now, "exp": now + 60, **changed}
    return {name: value for name, value in given.items() if value is not None}


def redeem(answers: Provider) -> Identity:
    provider = OpenIdProvider(ISSUER, "openfrs", "secret", groups_claim="groups")
    return asyncio.run(provider.redeem(FLOW, "code", "https://faces.example/callback"))


def signed(values: dict[str, Any], key: Any = KEY, algorithm: str = "RS256") -> str:
    return jwt.encode({"alg": algorithm, "kid": "1"}, values, key, algorithms=[algorithm])


def test_a_token_identifies_a_person_and_the_code_is_bound_to_the_flow(answers: Provider) -> None:
    answers.id_token = signed(claims(preferred_username="anna", groups="staff", email="a@b.c"))
    assert redeem(answers) == Identity(ISSUER, "1", "anna", "", frozenset({"staff"}))
    assert answers.forms[0]["code_verifier"] == FLOW.verifier
    assert Flow(verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").challenge == (
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://elsewhere.example"}, "expired, or is for another service"),
        ({"aud": "another"}, "expired, or is for another service"),
        ({"aud": ["openfrs", "another"]}, "for another service"),
        ({"azp": "another"}, "for another service"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "expired"),
        ({"iat": None}, "expired"),
        ({"sub": None}, "expired, or is for another service"),
        ({"nonce": "another"}, "of another sign-in"),
        ({"nonce": None}, "of another sign-in"),
    ],
)
def test_a_token_with_other_claims_is_refused(answers: Provider, changed: dict[str, Any], reason: str) -> None:
    answers.id_token = signed(claims(**changed))
    with pytest.raises(OpenIdError, match=reason):
        redeem(answers)


def test_a_token_with_another_signature_is_refused(answers: Provider) -> None:
    unsigned = "eyJhbGciOiJub25lIn0." + signed(claims()).split(".")[1] + "."
    public = OctKey.import_key(json.dumps(KEY.as_dict(private=False)).ljust(64))
    by_public_key = signed(claims(), public, "HS256")
    for token in (signed(claims(), OTHER), unsigned, by_public_key, "", "a.b.c", signed(claims())[:-6]):
        answers.id_token = token
        with pytest.raises(OpenIdError, match="signature of the ID token is invalid"):
            redeem(answers)
    answers.id_token = None
    with pytest.raises(OpenIdError, match="no ID token"):
        redeem(answers)


@pytest.mark.parametrize(
    "changed",
    [{"issuer": "https://elsewhere.example"}, {"token_endpoint": "http://login.example/token"}, {"jwks_uri": 1}],
)
def test_a_description_of_another_issuer_or_without_tls_is_refused(answers: Provider, changed: dict[str, Any]) -> None:
    answers.description |= changed
    answers.id_token = signed(claims())
    with pytest.raises(OpenIdError):
        redeem(answers)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"oidc_issuer": "http://login.example"}, "must be an https:// URL"),
        ({"oidc_client_id": ""}, "needs oidc_client_id"),
        ({"oidc_client_secret_file": None}, "needs oidc_client_id and oidc_client_secret_file"),
        ({"oidc_client_secret_file": Path("/nowhere")}, "cannot read /nowhere"),
    ],
)
def test_an_incomplete_configuration_is_an_error(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    (tmp_path / "secret").write_text("x")
    given = {"oidc_issuer": ISSUER, "oidc_client_id": "openfrs", "oidc_client_secret_file": tmp_path / "secret"}
    with pytest.raises(OperatorError, match=message):
        OpenIdProvider.from_settings(Settings(**{**given, **changed}))


def test_roles_of_groups_are_parsed() -> None:
    assert parse_group_roles(" a=b=admin:local, staff=reader:door 2,") == (
        GroupRole("a=b", Role.ADMIN, "local"),
        GroupRole("staff", Role.READER, "door 2"),
    )
    for text in ("staff", "staff=owner:local", "staff=reader", "=reader:local", "staff=reader:"):
        with pytest.raises(OperatorError, match="must be GROUP=ROLE:PROJECT"):
            parse_group_roles(text)
