"""Sign-in to the console with an OpenID Connect provider that runs in a process of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from openfrs.api.iam.console_sessions import PATH, REQUIRED_HEADER
from openfrs.api.iam.openid import CALLBACK, START
from tests.support.in_process import InProcessServer, in_process
from tests.support.waiting import wait_until

CONSOLE = {REQUIRED_HEADER: "1"}
ANNA = {"preferred_username": "anna", "email": "anna@example.com", "email_verified": True, "groups": ["staff"]}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The issuer of a provider on loopback, which trusts everybody's word for who they are."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("provider") / "log"
    issuer = f"http://127.0.0.1:{port}"
    with log.open("w") as output:
        command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ})
    try:

        def responds() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return httpx.get(f"{issuer}/.well-known/openid-configuration").is_success
            except httpx.TransportError:
                return False

        wait_until(responds, timeout=60, interval=0.1, message="the provider responds")
        yield issuer
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def serving(tmp_path: Path, provider: str, **settings: Any) -> Iterator[InProcessServer]:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    configured = {
        "oidc_issuer": provider,
        "oidc_client_id": "openfrs",
        "oidc_client_secret_file": secret,
        "oidc_roles": "staff=reader:local, admins=admin:local",
    }
    with in_process(tmp_path / "data", **{**configured, **settings}) as server:
        yield server


def at_provider(browser: httpx.Client, provider: str, subject: str, claims: dict[str, Any]) -> str:
    """Begin a sign-in, sign in at the provider, and return the URL of the callback."""
    assert httpx.put(f"{provider}/users/{subject}", json=claims).is_success
    begun = browser.get(START)
    assert begun.status_code == 303, begun.text
    authorization = begun.headers["location"]
    query = parse_qs(urlsplit(authorization).query)
    assert authorization.startswith(f"{provider}/")
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge", "redirect_uri"} <= set(query)
    answered = httpx.post(authorization, data={"sub": subject})
    assert answered.status_code == 302, answered.text
    return answered.headers["location"]


def sign_in(server: InProcessServer, provider: str, subject: str, claims: dict[str, Any]) -> dict[str, Any] | None:
    """Sign in in a new browser; return the description of the session's token, or None if it was refused."""
    with server.client() as browser:
        finished = browser.get(at_provider(browser, provider, subject, claims))
        assert finished.status_code == 303
        resumed = browser.get(PATH, headers=CONSOLE)
        if finished.headers["location"] != "/console":
            assert finished.headers["location"] == "/console?sign-in=refused"
            assert resumed.status_code == 204
            return None
        token = resumed.headers["X-Subject-Token"]
        listed = browser.get(f"{server.project}/face-sets", headers={"X-Auth-Token": token})
        assert listed.status_code == 200
        description: dict[str, Any] = resumed.json()["token"]
        return description


def audited(server: InProcessServer) -> list[dict[str, Any]]:
    files = sorted(server.data.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def test_a_person_signs_in_as_a_user_with_the_roles_of_the_groups(tmp_path: Path, provider: str) -> None:
    with serving(tmp_path, provider) as server:
        first = sign_in(server, provider, "a1", ANNA)
        assert first is not None
        assert (first["user"]["name"], first["roles"][0]["name"]) == ("anna", "reader")
        promoted = sign_in(server, provider, "a1", {**ANNA, "preferred_username": "ann", "groups": ["staff", "admins"]})
        assert promoted is not None
        assert promoted["user"]["id"] == first["user"]["id"]
        assert promoted["roles"][0]["name"] == "admin"
        demoted = sign_in(server, provider, "a1", ANNA)
        assert demoted is not None
        assert demoted["roles"][0]["name"] == "reader"
        other = sign_in(server, provider, "a2", ANNA)
        assert other is not None
        assert other["user"]["id"] != first["user"]["id"]
        assert other["user"]["name"].startswith("anna-")
        events = [entry for entry in audited(server) if entry["event"] == "sign-in"]
        assert [entry["actor"] for entry in events][:2] == ["openfrs/anna", "openfrs/anna"]
        assert "s3cret" not in server.log.read_text()


def test_who_loses_all_groups_loses_the_roles_and_is_refused(tmp_path: Path, provider: str) -> None:
    with serving(tmp_path, provider) as server:
        assert sign_in(server, provider, "b1", ANNA) is not None
        assert sign_in(server, provider, "b1", {**ANNA, "groups": ["visitors"]}) is None
        with server.http() as http:
            path = f"/x/v1/accounts/{server.credentials['project_id']}/users"
            assert {user["name"]: user["role"] for user in http.get(path).json()["users"]}.get("anna", "") == ""
        assert sign_in(server, provider, "b2", {**ANNA, "groups": []}) is None
        (*_, last) = [entry for entry in audited(server) if entry["event"] == "login failed"]
        assert last["reason"].endswith("no group of the user has a role.")


def test_a_disabled_user_and_another_mail_domain_are_refused(tmp_path: Path, provider: str) -> None:
    with serving(tmp_path, provider, oidc_email_domains="example.com") as server:
        assert sign_in(server, provider, "c1", {**ANNA, "email": "anna@elsewhere.org"}) is None
        assert sign_in(server, provider, "c1", {**ANNA, "email_verified": False}) is None
        user = sign_in(server, provider, "c1", ANNA)
        assert user is not None
        with server.http() as http:
            path = f"/x/v1/accounts/{server.credentials['project_id']}/users/{user['user']['id']}/enabled"
            assert http.put(path, json={"enabled": False}).status_code == 200
        assert sign_in(server, provider, "c1", ANNA) is None


def test_an_answer_of_another_browser_window_or_code_is_refused(tmp_path: Path, provider: str) -> None:
    with serving(tmp_path, provider) as server, server.client() as browser, server.client() as other:
        callback = at_provider(browser, provider, "d1", ANNA)
        for client, url in (
            (other, callback),
            (browser, callback.replace("state=", "state=x")),
            (browser, f"{CALLBACK}?error=access_denied"),
        ):
            assert client.get(url).headers["location"] == "/console?sign-in=refused"
        callback = at_provider(browser, provider, "d1", ANNA)
        state = parse_qs(urlsplit(callback).query)["state"][0]
        assert browser.get(CALLBACK, params={"code": "made-up", "state": state}).headers["location"].endswith("refused")
        callback = at_provider(browser, provider, "d1", ANNA)
        assert browser.get(callback).headers["location"] == "/console"
        assert browser.get(callback).headers["location"].endswith("refused")  # a code is used once


def test_nothing_is_requested_without_a_provider(server: InProcessServer) -> None:
    assert server.services.openid is None
    for path in (START, CALLBACK):
        assert server.anonymous.get(path).headers.get("location") in {None, "/console?sign-in=refused"}
    assert server.anonymous.get(f"{START}/available").json() == {"openid": False}


def test_a_provider_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    with serving(tmp_path, "http://127.0.0.1:1") as server:
        assert server.anonymous.get(f"{START}/available").json() == {"openid": True}
        response = server.anonymous.get(START)
        assert response.status_code == 401
        assert "the provider does not answer" in response.text
