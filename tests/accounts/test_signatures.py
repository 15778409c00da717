"""Signatures: known vectors, the official signer, and a canonical form that hides no difference."""

import hashlib
import string
from dataclasses import replace
from urllib.parse import quote

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given
from hypothesis import strategies as st

from openfrs.accounts.signatures import (
    SignedRequest,
    canonical_request,
    is_valid,
    parse_authorization,
    sign,
    signing_time,
)

ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "SKEXAMPLE0123456789"
DATE = "20240102T030405Z"
PROJECT = "0123456789abcdef0123456789abcdef"
HEADERS = {
    "content-type": "application/json",
    "host": "face.example.com:8443",
    "x-project-id": PROJECT,
    "x-sdk-date": DATE,
}
MULTIPART_HEADERS = {
    **HEADERS,
    "content-type": "multipart/form-data; boundary=XYZ",
    "x-sdk-content-sha256": "UNSIGNED-PAYLOAD",
}

# made with huaweicloudsdkcore 3.1.219
VECTORS = [
    pytest.param(
        SignedRequest("GET", f"/v2/{PROJECT}/face-sets/my%20set/faces", "limit=5&offset=0", HEADERS, b""),
        "8ab5fcedc8ab9a38a5e70d00baa5b661ffa0ef49fa441f9aa18f439e7d5bca49",
        "dd5fdf392739712ab9e1ceab41d63384303ae4670ee65ad23933b63f09cf07cc",
        id="query",
    ),
    pytest.param(
        SignedRequest("POST", f"/v2/{PROJECT}/face-sets", "", HEADERS, b'{"face_set_name": "test"}'),
        "a4dc089cc5adcefea992046b9d52589592695ea7eadf1befa80fea5aa437341d",
        "90b50bfafc9b4deafc811a15fe1ba3fd04456ebe1677ca3022dfd67a017aa30d",
        id="body",
    ),
    pytest.param(
        SignedRequest("POST", f"/v2/{PROJECT}/face-detect", "", MULTIPART_HEADERS, b"--XYZ--\r\n"),
        "bb3eb5a3fd9756325a6a4249c7dbe24cd4cde70d383ccaa6c3c2b5267ad871d6",
        "6dc547f3f94d5c4804a5922dc4b46821223ee44bbc5c79a4ccd260d83680b7b2",
        id="unsigned payload",
    ),
]


def authorization(request: SignedRequest, signature: str) -> str:
    names = ";".join(sorted(request.headers))
    return f"SDK-HMAC-SHA256 Access={ACCESS_KEY}, SignedHeaders={names}, Signature={signature}"


@pytest.mark.parametrize(("request_", "canonical_hash", "signature"), VECTORS)
def test_known_vectors(request_: SignedRequest, canonical_hash: str, signature: str) -> None:
    canonical = canonical_request(request_, tuple(sorted(request_.headers)))
    assert hashlib.sha256(canonical.encode()).hexdigest() == canonical_hash
    assert sign(SECRET_KEY, DATE, canonical) == signature
    parsed = parse_authorization(authorization(request_, signature))
    assert parsed is not None
    assert parsed.access_key == ACCESS_KEY
    assert is_valid(request_, parsed, SECRET_KEY)


@pytest.mark.parametrize(("request_", "canonical_hash", "signature"), VECTORS)
def test_any_change_breaks_the_signature(request_: SignedRequest, canonical_hash: str, signature: str) -> None:
    parsed = parse_authorization(authorization(request_, signature))
    assert parsed is not None
    changed = [
        replace(request_, method="PUT"),
        replace(request_, path=request_.path + "x"),
        replace(request_, query=request_.query + "&a=b"),
        replace(request_, headers={**request_.headers, "host": "other"}),
        replace(request_, headers={**request_.headers, "x-sdk-date": "20240102T030406Z"}),
        replace(request_, headers={name: value for name, value in request_.headers.items() if name != "x-project-id"}),
    ]
    if "x-sdk-content-sha256" not in request_.headers:
        changed.append(replace(request_, body=request_.body + b" "))
    assert not [each for each in changed if is_valid(each, parsed, SECRET_KEY)]
    assert not is_valid(request_, parsed, SECRET_KEY + "x")


def test_an_announced_body_hash_must_be_the_bodys() -> None:
    body = b"--XYZ\r\n"
    for announced, valid in ((hashlib.sha256(body).hexdigest(), True), (hashlib.sha256(b"other").hexdigest(), False)):
        request = SignedRequest("POST", "/", "", {**HEADERS, "x-sdk-content-sha256": announced}, body)
        signature = sign(SECRET_KEY, DATE, canonical_request(request, tuple(sorted(request.headers))))
        parsed = parse_authorization(authorization(request, signature))
        assert parsed is not None
        assert is_valid(request, parsed, SECRET_KEY) is valid


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
segments = texts.filter(lambda text: text not in {"", ".", ".."})


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.lists(segments, min_size=1, max_size=4),
    st.lists(st.tuples(st.text(string.ascii_letters + "_", min_size=1, max_size=6), texts), max_size=4),
    st.binary(max_size=40),
)
def test_the_official_signer_is_understood(
    method: str, path: list[str], query: list[tuple[str, str]], body: bytes
) -> None:
    resource = "/" + "/".join(quote(segment, safe="") for segment in path)
    signed = SdkRequest(
        method=method,
        schema="http",
        host="127.0.0.1:8080",
        resource_path=resource,
        query_params=list(query),
        header_params={"Content-Type": "application/json", "X-Sdk-Date": DATE, "User-Agent": "x"},
        body=body,
        stream=None,
    )
    signed = Signer(BasicCredentials(ACCESS_KEY, SECRET_KEY)).sign(signed)
    wire_path, _, wire_query = signed.uri.partition("?")
    headers = {name.lower(): value for name, value in signed.header_params.items()}
    request = SignedRequest(method, wire_path, wire_query, headers, body)
    parsed = parse_authorization(headers["authorization"])
    assert parsed is not None
    assert is_valid(request, parsed, SECRET_KEY)


@given(st.text(string.printable, max_size=200))
def test_an_authorization_of_another_kind_is_not_ours(text: str) -> None:
    assert parse_authorization(text) is None


@pytest.mark.parametrize("date", ["", "2024-01-02", "20240102T030405", "20241302T030405Z", "99999999T999999Z"])
def test_a_date_that_cannot_be_read_is_none(date: str) -> None:
    assert signing_time(SignedRequest("GET", "/", "", {"x-sdk-date": date}, b"")) is None
