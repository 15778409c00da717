"""Authentication by password, token and signature, and its errors."""

import json
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from openfrs.accounts.keyring import KeyFile, Keyring
from openfrs.accounts.passwords import hash_password, verify_password
from openfrs.accounts.tokens import TokenIssuer
from openfrs.core.errors import OperatorError
from tests.support.servers import Server


def face_sets(server: Server, headers: dict[str, str], project: str | None = None) -> httpx.Response:
    return server.anonymous.get(f"{project or server.project}/face-sets", headers=headers)


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    return response.status_code, body["error_code"], body["error_msg"]


def test_a_token_gives_access_to_its_project(server: Server) -> None:
    assert face_sets(server, {"X-Auth-Token": server.token()}).status_code == 200


def test_the_login_response_has_the_documented_form(server: Server) -> None:
    response = server.anonymous.post("/v3/auth/tokens", json=server.login_body())
    assert response.status_code == 201
    token = response.json()["token"]
    assert token["methods"] == ["password"]
    assert token["project"]["id"] == server.credentials["project_id"]
    assert token["user"]["name"] == server.credentials["user"]
    assert token["user"]["domain"]["name"] == token["project"]["domain"]["name"] == server.credentials["domain"]
    issued, expires = (
        datetime.strptime(token[key], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        for key in ("issued_at", "expires_at")
    )
    assert expires - issued == timedelta(hours=24)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (401, "APIG.0301", "Incorrect IAM authentication information: x-auth-token not found")),
        ({"X-Auth-Token": ""}, (401, "APIG.0301", "Incorrect IAM authentication information: x-auth-token not found")),
        ({"X-Auth-Token": "MIIgarbled"}, (400, "FRS.0002", "The authentication token is abnormal.")),
        ({"X-Auth-Token": "x" * 10_000}, (400, "FRS.0002", "The authentication token is abnormal.")),
        (
            {"Authorization": "Bearer x"},
            (401, "APIG.0301", "Incorrect IAM authentication information: decrypt token fail"),
        ),
    ],
)
def test_invalid_credentials_are_rejected(
    server: Server, headers: dict[str, str], expected: tuple[int, str, str]
) -> None:
    assert refusal(face_sets(server, headers)) == expected


def test_a_token_of_another_server_is_rejected(server: Server, tmp_path: Path) -> None:
    text, _ = TokenIssuer(Keyring(KeyFile(tmp_path / "keys.json")), timedelta(hours=1)).issue("u", "p", 0)
    assert refusal(face_sets(server, {"X-Auth-Token": text}))[:2] == (401, "FRS.0002")


def test_a_changed_token_is_rejected_like_an_unknown_one(server: Server) -> None:
    token = server.token()
    changed = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    assert refusal(face_sets(server, {"X-Auth-Token": changed}))[:2] == (401, "FRS.0002")
    assert refusal(face_sets(server, {"X-Auth-Token": token[:90]}))[:2] == (400, "FRS.0002")


def test_an_expired_token_is_rejected(server: Server) -> None:
    mint = TokenIssuer(Keyring(KeyFile(server.data / "keys.json")), timedelta(seconds=-1))
    text, _ = mint.issue("u", server.credentials["project_id"], 0)
    expected = (401, "FRS.0002", "The authentication token is abnormal.")
    assert refusal(face_sets(server, {"X-Auth-Token": text})) == expected


def test_a_token_without_a_project_is_rejected(server: Server) -> None:
    body = server.login_body()
    del body["auth"]["scope"]
    response = server.anonymous.post("/v3/auth/tokens", json=body)
    assert response.status_code == 201
    headers = {"X-Auth-Token": response.headers["X-Subject-Token"]}
    assert refusal(face_sets(server, headers))[:2] == (400, "FRS.0002")


@pytest.mark.parametrize("token", ["MIIgarbled", "gAAAAA" + "x" * 100])
def test_iam_rejects_every_invalid_token_with_401(server: Server, token: str) -> None:
    response = server.anonymous.get("/v3/projects", headers={"X-Auth-Token": token})
    assert response.status_code == 401
    assert response.json()["error"]["code"] == 401


@pytest.mark.parametrize("project", ["/v2/0123456789abcdef0123456789abcdef", "/v2/{project_id}"])
def test_another_project_is_rejected(server: Server, project: str) -> None:
    response = face_sets(server, {"X-Auth-Token": server.token()}, project)
    assert refusal(response)[:2] == (403, "FRS.0028")


def broken(body: dict[str, Any], *path: str, value: Any) -> dict[str, Any]:
    copy = json.loads(json.dumps(body))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy  # type: ignore[no-any-return]


USER = ("auth", "identity", "password", "user")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*USER, "password"), "wrong", "The username or password is wrong."),
        ((*USER, "name"), "nobody", "The username or password is wrong."),
        ((*USER, "domain"), {"name": "nowhere"}, "The username or password is wrong."),
        ((*USER, "domain"), {}, "The username or password is wrong."),
        (("auth", "scope"), {"project": {"name": "nothing"}}, "The user has no such project."),
        (("auth", "identity", "methods"), ["totp"], "The authentication method is not supported."),
    ],
)
def test_a_failed_login_has_the_iam_envelope(server: Server, path: tuple[str, ...], value: Any, message: str) -> None:
    body = broken(server.login_body(), *path, value=value)
    response = server.anonymous.post("/v3/auth/tokens", json=body)
    assert response.status_code == 401
    assert response.json() == {"error": {"code": 401, "message": message, "title": "Unauthorized"}}
    assert "X-Subject-Token" not in response.headers


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{", b"{}", b'{"auth": {}}', b'{"auth": {"identity": 1}}'])
def test_a_malformed_login_is_a_bad_request(server: Server, content: bytes) -> None:
    response = server.anonymous.post("/v3/auth/tokens", content=content)
    assert response.status_code == 400
    assert response.json() == {"error": {"code": 400, "message": "The request body is invalid", "title": "Bad Request"}}


def test_a_repeated_password_method_is_verified_once(server: Server) -> None:
    body = broken(server.login_body(), "auth", "identity", "methods", value=["password"] * 50)
    assert server.anonymous.post("/v3/auth/tokens", json=body).status_code == 400


def test_projects_are_listed_by_name(server: Server) -> None:
    headers = {"X-Auth-Token": server.token()}
    for name, count in (("local", 1), ("elsewhere", 0)):
        response = server.anonymous.get("/v3/projects", params={"name": name}, headers=headers)
        assert response.status_code == 200
        assert [project["id"] for project in response.json()["projects"]] == [server.credentials["project_id"]] * count


def test_listing_projects_without_credentials_is_an_iam_error(server: Server) -> None:
    response = server.anonymous.get("/v3/projects")
    assert response.status_code == 401
    assert response.json()["error"]["title"] == "Unauthorized"


@pytest.mark.parametrize("minutes", [-16, 16, -60 * 24 * 365])
def test_a_signature_of_another_time_is_rejected_with_both_times(server: Server, minutes: int) -> None:
    now = datetime.now(UTC)
    date = (now + timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")
    value = f"SDK-HMAC-SHA256 Access=x, SignedHeaders=host;x-sdk-date, Signature={'0' * 64}"
    status, code, message = refusal(face_sets(server, {"Authorization": value, "X-Sdk-Date": date}))
    assert (status, code) == (401, "APIG.0301")
    client, other = re.findall(r"\d{8}T\d{6}Z", message)
    assert client == date
    assert abs(datetime.strptime(other, "%Y%m%dT%H%M%S%z") - now) < timedelta(minutes=1)
    assert message.endswith(f"the X-Sdk-Date {date} is more than 15 minutes from {other}, the time of the server")


@pytest.mark.parametrize("date", ["", "yesterday", "20300101", "20301301T000000Z"])
def test_a_signature_without_a_time_is_rejected(server: Server, date: str) -> None:
    value = f"SDK-HMAC-SHA256 Access=x, SignedHeaders=host;x-sdk-date, Signature={'0' * 64}"
    _, code, message = refusal(face_sets(server, {"Authorization": value, "X-Sdk-Date": date}))
    assert code == "APIG.0301"
    assert message.endswith("the X-Sdk-Date header is missing or not a time such as 20300101T120000Z")


def test_secrets_are_private_and_not_in_the_database(server: Server) -> None:
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in server.data.iterdir()} == {
        path.name: "0o600" for path in server.data.iterdir()
    }
    stored = b"".join(path.read_bytes() for path in server.data.glob("openfrs.db*"))
    assert server.credentials["access_key"].encode() in stored
    assert server.credentials["secret_key"].encode() not in stored
    assert server.credentials["password"].encode() not in stored
    assert b"$argon2id$" in stored


def test_passwords_are_verified_with_and_without_a_hash() -> None:
    hashed = hash_password("right")
    assert verify_password("right", hashed)
    assert not verify_password("wrong", hashed)
    assert not verify_password("right", None)
    assert not verify_password("right", "not a hash")


def test_a_keyring_is_reused_and_a_damaged_one_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    text = Keyring(KeyFile(file)).secrets.encrypt(b"x")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Keyring(KeyFile(file)).secrets.decrypt(text) == b"x"
    file.write_text('{"tokens": ["short"]}')
    with pytest.raises(OperatorError, match="cannot be read as an OpenFRS keyring"):
        Keyring(KeyFile(file))
