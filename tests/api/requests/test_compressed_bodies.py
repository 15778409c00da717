"""Compressed bodies are refused as such, before they are read."""

import gzip
import json

import httpx
import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.servers import Server

BODY = json.dumps({"face_set_name": "people"}).encode()


def sent(frs: Frs, encoding: str, body: bytes = BODY) -> httpx.Response:
    return frs.post(
        "/face-sets", content=body, headers={"Content-Type": "application/json", "Content-Encoding": encoding}
    )


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "identity, gzip"])
def test_a_compressed_body_is_415(frs: Frs, encoding: str) -> None:
    message = refusal(sent(frs, encoding, gzip.compress(BODY)), "APIG.0201", status=415)
    assert encoding.split()[-1].lower() in message


@pytest.mark.parametrize("encoding", ["identity", "", "utf-8"])
def test_other_encodings_are_ignored(frs: Frs, encoding: str) -> None:
    assert ok(sent(frs, encoding))["face_set_info"]["face_set_name"] == "people"


def test_a_request_without_a_body_may_name_an_encoding(frs: Frs) -> None:
    assert ok(frs.get("/face-sets", headers={"Content-Encoding": "gzip"})) == {"face_sets_info": []}


@pytest.mark.parametrize("chunked", [True, False])
def test_a_compressed_body_of_iam_is_415_in_its_envelope(server: Server, chunked: bool) -> None:
    body = gzip.compress(json.dumps(server.login_body()).encode())
    response = server.anonymous.post(
        "/v3/auth/tokens", content=iter([body]) if chunked else body, headers={"Content-Encoding": "gzip"}
    )
    assert response.status_code == 415
    assert response.json()["error"]["title"] == "Unsupported Media Type"
