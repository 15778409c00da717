"""The clients against a service: results, errors, sign-in, signatures and retries."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from openfrs.client import (
    AccessKey,
    ApiError,
    AsyncClient,
    Client,
    ClientError,
    Credentials,
    OverloadedError,
    Password,
    Retries,
    Token,
    UnauthorizedError,
    UnreachableError,
    operations,
)
from tests.support.fake_models import photo
from tests.support.in_process import InProcessServer
from tests.support.servers import RunningServer, Server

RED = photo((200, 60, 60))
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def password(server: Server) -> Password:
    keys = server.credentials
    return Password(keys["user"], keys["password"], domain=keys["domain"], project=keys["project_name"])


def access_key(server: Server) -> AccessKey:
    return AccessKey(server.credentials["access_key"], server.credentials["secret_key"])


@pytest.fixture(params=[password, access_key], ids=["password", "access key"])
def client(request: pytest.FixtureRequest, server: InProcessServer) -> Iterator[Client]:
    make: Callable[[Server], Credentials] = request.param
    with Client(server.endpoint, make(server), http=server.client()) as client:
        yield client
    server.delete_face_sets()


def test_faces_are_enrolled_found_changed_and_deleted(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "anna.png"
    file.write_bytes(RED)
    created = client.send(operations.create_face_set("halls & doors", external_fields={"age": {"type": "integer"}}))
    assert created.face_set_info.face_number == 0
    added = client.send(operations.add_faces("halls & doors", image=file, external_image_id="anna"))
    (face,) = added.faces
    client.send(operations.update_face("halls & doors", face.face_id, external_fields={"age": 41}))
    found = client.send(operations.search_faces("halls & doors", image=RED, return_fields=["age"], filter="age:41"))
    assert [(each.external_image_id, each.external_fields) for each in found.faces] == [("anna", {"age": 41})]
    assert found.faces[0].similarity == 1.0
    table = client.send(operations.tabulate_faces("halls & doors", filter="age:[40 TO 42]"))
    assert (table.total, table.faces[0].face_id) == (1, face.face_id)
    assert client.send(operations.delete_faces("halls & doors", face_id=face.face_id)).face_number == 1
    assert client.send(operations.delete_face_set("halls & doors")).face_set_name == "halls & doors"


def test_users_and_the_audit_log_are_managed(client: Client) -> None:
    created = client.send(operations.create_user("lena", "reader"))
    assert created.user.role == "reader"
    try:
        assert "lena" in [user.name for user in client.send(operations.list_users()).users]
        exported = client.send(operations.export_audit(format="jsonl", operation="create_user"))
        assert json.loads(exported.splitlines()[0])["operation"] == "create_user"
    finally:
        client.send(operations.delete_user(created.user.id))


def test_a_rejection_has_code_message_and_request_id(client: Client, server: InProcessServer) -> None:
    with pytest.raises(ApiError, match=r"FRS\.0302: The face set nowhere does not exist") as caught:
        client.send(operations.show_face_set("nowhere"))
    error = caught.value
    assert (error.status, error.code) == (400, "FRS.0302")
    assert error.request_id in server.log.read_text()


def test_a_wrong_password_is_an_error_without_the_password(server: InProcessServer) -> None:
    wrong = Password("nobody", "wrong-password", domain="openfrs", project="local")
    assert "wrong-password" not in repr(wrong)
    with Client(server.endpoint, wrong, http=server.client()) as client, pytest.raises(UnauthorizedError) as caught:
        client.send(operations.list_face_sets())
    assert caught.value.code == "Unauthorized"
    assert "wrong-password" not in str(caught.value)


def test_a_revoked_token_is_replaced_once(server: InProcessServer) -> None:
    with Client(server.endpoint, password(server), http=server.client()) as client:
        client.send(operations.list_face_sets())
        assert client._protocol._token is not None
        text = client._protocol._token.text
        headers = {"X-Auth-Token": text, "X-Subject-Token": text}
        assert server.anonymous.delete("/v3/auth/tokens", headers=headers).status_code == 204
        assert client.send(operations.list_face_sets()).face_sets_info == []
        assert client._protocol._token.text != text


def test_a_given_token_is_not_replaced(server: InProcessServer) -> None:
    credentials = Token("gAAAAA-unknown", server.credentials["project_id"])
    with Client(server.endpoint, credentials, http=server.client()) as client, pytest.raises(ApiError):
        client.send(operations.list_face_sets())
    credentials = Token(server.token(), server.credentials["project_id"])
    with Client(server.endpoint, credentials, http=server.client()) as client:
        assert client.send(operations.list_face_sets()).face_sets_info == []


def test_a_temporary_access_key_signs_with_its_security_token(server: InProcessServer) -> None:
    body = {"auth": {"identity": {"methods": ["token"], "token": {"id": server.token()}}}}
    key = server.anonymous.post("/v3.0/OS-CREDENTIAL/securitytokens", json=body).json()["credential"]
    credentials = AccessKey(key["access"], key["secret"], security_token=key["securitytoken"])
    with Client(server.endpoint, credentials, http=server.client()) as client:
        assert client.send(operations.list_face_sets()).face_sets_info == []


def test_equal_requests_are_not_rejected_as_replays(server: InProcessServer) -> None:
    """Each attempt has a signature of its own, also within a second."""
    signatures = []

    def record(request: httpx.Request) -> None:
        signatures.append(request.headers["authorization"])

    http = server.client(event_hooks={"request": [record]})
    with Client(server.endpoint, access_key(server), http=http) as client:
        client.send(operations.create_face_set("one"))
        for _ in range(2):
            client.send(operations.delete_policy("one"))
    assert len(set(signatures)) == len(signatures) == 4
    server.delete_face_sets()


def test_a_project_that_the_user_does_not_have_is_an_error(server: InProcessServer) -> None:
    keys = server.credentials
    credentials = AccessKey(keys["access_key"], keys["secret_key"], project="elsewhere")
    client = Client(server.endpoint, credentials, http=server.client())
    with client, pytest.raises(ClientError, match="no role on the project elsewhere; name one of local"):
        client.send(operations.list_face_sets())


@pytest.mark.parametrize("name", ["project_id", "project_name"])
def test_a_project_is_found_by_id_and_name(server: InProcessServer, name: str) -> None:
    keys = server.credentials
    credentials = AccessKey(keys["access_key"], keys["secret_key"], project=keys[name])
    with Client(server.endpoint, credentials, http=server.client()) as client:
        assert client.send(operations.show_project()).id == keys["project_id"]


def test_the_asynchronous_client_does_the_same(running_server: RunningServer) -> None:
    async def search() -> list[str]:
        async with AsyncClient(running_server.endpoint, password(running_server)) as client:
            await client.send(operations.create_face_set("async"))
            try:
                calls = (operations.add_faces("async", image=RED, external_image_id=f"p{n}") for n in range(3))
                await asyncio.gather(*map(client.send, calls))
                found = await client.send(operations.search_faces("async", image=RED))
                with pytest.raises(ApiError, match=r"FRS\.0301"):
                    await client.send(operations.create_face_set("async"))
                return sorted(face.external_image_id for face in found.faces)
            finally:
                await client.send(operations.delete_face_set("async"))

    assert asyncio.run(search()) == ["p0", "p1", "p2"]


# without a service


class Answers:
    """A transport with prepared answers, and pauses that are recorded instead of waited for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        monkeypatch.setattr("openfrs.client.clients.time.sleep", self.pauses.append)

    def client(self, credentials: Credentials | None = None, retries: Retries | None = None) -> Client:
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        return Client("http://faces.test", credentials or Token("token", "p"), retries=retries, http=http)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def rejected(status: int, retry_after: str | None = None) -> httpx.Response:
    headers = {"X-Request-Id": "r1"} | ({"Retry-After": retry_after} if retry_after else {})
    return httpx.Response(status, headers=headers, json={"error_code": "FRS.0033", "error_msg": "Too many requests."})


def listed() -> httpx.Response:
    return httpx.Response(200, json={"face_sets_info": []})


def enrolled() -> httpx.Response:
    return httpx.Response(200, json={"face_set_id": "s", "face_set_name": "n", "faces": []})


def signed_in(seconds: int) -> httpx.Response:
    times = {"issued_at": NOW.isoformat(), "expires_at": (NOW + timedelta(seconds=seconds)).isoformat()}
    return httpx.Response(201, headers={"X-Subject-Token": "t"}, json={"token": {**times, "project": {"id": "p"}}})


def test_an_overloaded_server_is_asked_again_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(monkeypatch, rejected(429, "3"), rejected(503, "7"), enrolled())
    with answers.client() as client:
        client.send(operations.add_faces("n", image=RED))
    assert answers.pauses == [3.0, 7.0]


def test_retries_are_bounded_in_number_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(monkeypatch, *[rejected(429, "1")] * 3)
    with answers.client(retries=Retries(attempts=3)) as client, pytest.raises(OverloadedError) as caught:
        client.send(operations.list_face_sets())
    assert (answers.pauses, caught.value.retry_after, caught.value.request_id) == ([1.0, 1.0], 1.0, "r1")
    answers = Answers(monkeypatch, rejected(429, "3600"))
    with answers.client() as client, pytest.raises(OverloadedError):
        client.send(operations.list_face_sets())
    assert answers.pauses == []


def test_pauses_without_retry_after_double_up_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(monkeypatch, *[rejected(503)] * 5, listed())
    with answers.client(retries=Retries(attempts=6, max_seconds=4)) as client:
        client.send(operations.list_face_sets())
    bounds = [1, 2, 4, 4, 4]
    assert all(bound / 4 <= pause <= bound / 2 for bound, pause in zip(bounds, answers.pauses, strict=True))


@pytest.mark.parametrize("failure", [httpx.ReadError("reset"), httpx.Response(502, text="<html>")])
def test_a_lost_answer_is_repeated_only_where_that_does_no_harm(
    monkeypatch: pytest.MonkeyPatch, failure: httpx.Response | Exception
) -> None:
    answers = Answers(monkeypatch, failure, listed())
    with answers.client() as client:
        assert client.send(operations.list_face_sets()).face_sets_info == []
    answers = Answers(monkeypatch, failure)
    with answers.client() as client, pytest.raises((UnreachableError, ApiError)):
        client.send(operations.add_faces("n", image=RED))
    assert len(answers.requests) == 1


def test_a_token_is_renewed_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(monkeypatch, signed_in(100), listed(), listed(), signed_in(100), listed())
    with answers.client(Password("u", "p", domain="d", project="p")) as client:
        client.send(operations.list_face_sets())
        client.send(operations.list_face_sets())
        token = client._protocol._token
        assert token is not None
        assert token.renew_at is not None
        assert token.is_due(token.renew_at)
        left = (token.renew_at - datetime.now(UTC)).total_seconds()
        assert 80 < left <= 90  # a tenth before its end
        object.__setattr__(token, "renew_at", datetime.now(UTC))
        client.send(operations.list_face_sets())
    assert [request.method for request in answers.requests] == ["POST", "GET", "GET", "POST", "GET"]


@pytest.mark.parametrize("response", [{}, {"token": {}}, []])
def test_a_sign_in_without_a_token_is_an_error(monkeypatch: pytest.MonkeyPatch, response: Any) -> None:
    answers = Answers(monkeypatch, httpx.Response(201, headers={"X-Subject-Token": "t"}, json=response))
    with (
        answers.client(Password("u", "p", domain="d", project="p")) as client,
        pytest.raises(ClientError, match="not a token"),
    ):
        client.send(operations.list_face_sets())


def test_a_response_of_another_type_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(monkeypatch, httpx.Response(200, json={"unexpected": 1}))
    with answers.client() as client, pytest.raises(ClientError, match="not of its type"):
        client.send(operations.list_face_sets())


def test_keys_of_later_versions_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(monkeypatch, httpx.Response(200, json={"face_sets_info": [], "later": 1}))
    with answers.client() as client:
        assert client.send(operations.list_face_sets()).face_sets_info == []


def test_the_package_loads_nothing_of_the_service() -> None:
    heavy = {"cv2", "openvino", "faiss", "numpy", "sqlalchemy", "fastapi", "starlette", "cryptography", "typer", "av"}
    program = f"import sys, openfrs.client; print(sorted({heavy} & sys.modules.keys()))"
    program += "; print(sorted(name for name in sys.modules if name.startswith('openfrs.') and '.client' not in name))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["[]", "['openfrs.core', 'openfrs.core.signing']"]
