"""Request signatures: test vectors, the official signers, and properties of the canonical form."""

import hashlib
import hmac
import string
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import DerivationAKSKSigner, Signer
from hypothesis import given
from hypothesis import strategies as st

from openfrs.accounts.signatures import Signature, is_valid, parse_authorization, sign_derived, signing_time
from openfrs.core.signing import SignedRequest, canonical_request, sign
from tests.support.fuzzing import fuzz

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


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


# generated with huaweicloudsdkcore 3.1.219
VECTORS = [
    pytest.param(
        SignedRequest("GET", f"/v2/{PROJECT}/face-sets/my%20set/faces", "limit=5&offset=0", HEADERS, sha256(b"")),
        "8ab5fcedc8ab9a38a5e70d00baa5b661ffa0ef49fa441f9aa18f439e7d5bca49",
        "dd5fdf392739712ab9e1ceab41d63384303ae4670ee65ad23933b63f09cf07cc",
        "581ba6cc77a61febd73adb272a0ff3f40a6f010d5b52cd7ed50acc094ceb30a3",
        id="query",
    ),
    pytest.param(
        SignedRequest("POST", f"/v2/{PROJECT}/face-sets", "", HEADERS, sha256(b'{"face_set_name": "test"}')),
        "a4dc089cc5adcefea992046b9d52589592695ea7eadf1befa80fea5aa437341d",
        "90b50bfafc9b4deafc811a15fe1ba3fd04456ebe1677ca3022dfd67a017aa30d",
        "3f7f1dafe89964cc3b8112c4764ef17327279697ccc67398b5cc96c037d03d77",
        id="body",
    ),
    pytest.param(
        SignedRequest("POST", f"/v2/{PROJECT}/face-detect", "", MULTIPART_HEADERS, sha256(b"--XYZ--\r\n")),
        "bb3eb5a3fd9756325a6a4249c7dbe24cd4cde70d383ccaa6c3c2b5267ad871d6",
        "6dc547f3f94d5c4804a5922dc4b46821223ee44bbc5c79a4ccd260d83680b7b2",
        "",
        id="unsigned payload",
    ),
]
INFO = "20240102/cn-north-4/frs"


def authorization(request: SignedRequest, signature: str) -> str:
    names = ";".join(sorted(request.headers))
    return f"SDK-HMAC-SHA256 Access={ACCESS_KEY}, SignedHeaders={names}, Signature={signature}"


def parsed(text: str) -> Signature:
    signature = parse_authorization(text)
    assert signature is not None
    return signature


def v11(request: SignedRequest, signature: str) -> Signature:
    names = ";".join(sorted(request.headers))
    return parsed(f"V11-HMAC-SHA256 Credential={ACCESS_KEY}/{INFO}, SignedHeaders={names}, Signature={signature}")


@pytest.mark.parametrize(("request_", "canonical_hash", "signature", "derived"), VECTORS)
def test_known_vectors(request_: SignedRequest, canonical_hash: str, signature: str, derived: str) -> None:
    canonical = canonical_request(request_, tuple(sorted(request_.headers)))
    assert sha256(canonical.encode()) == canonical_hash
    assert sign(SECRET_KEY, DATE, canonical) == signature
    claimed = parsed(authorization(request_, signature))
    assert (claimed.algorithm, claimed.access_key) == ("SDK-HMAC-SHA256", ACCESS_KEY)
    assert is_valid(request_, claimed, SECRET_KEY)
    if derived:
        assert sign_derived(ACCESS_KEY, SECRET_KEY, DATE, INFO, canonical) == derived
        assert is_valid(request_, v11(request_, derived), SECRET_KEY)


@pytest.mark.parametrize(
    ("path", "once", "twice"),
    [
        ("/a%20b", "/a%20b/", "/a%2520b/"),
        ("/a/", "/a/", "/a/"),
        ("/%FF/~", "/%FF/~/", "/%25FF/~/"),
        ("/%C3%A9", "/%C3%A9/", "/%25C3%25A9/"),
    ],
)
def test_the_path_can_be_encoded_once_or_twice(path: str, once: str, twice: str) -> None:
    request = SignedRequest("GET", path, "b=%FF&a=", HEADERS, sha256(b""))
    for form, encoded in ((once, False), (twice, True)):
        canonical = canonical_request(request, ("host",), twice_encoded=encoded)
        assert canonical == f"GET\n{form}\na=&b=%FF\nhost:{HEADERS['host']}\n\nhost\n{sha256(b'')}"
        claim = f"SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature={sign(SECRET_KEY, DATE, canonical)}"
        assert is_valid(request, parsed(claim), SECRET_KEY)


def test_a_missing_signed_header_counts_as_empty_and_any_byte_is_allowed() -> None:
    request = SignedRequest("GET", "/", "", {**HEADERS, "x-a": "\udcff"}, sha256(b""))
    canonical = canonical_request(request, ("x-a", "x-b"))
    assert canonical == f"GET\n/\n\nx-a:\udcff\nx-b:\n\nx-a;x-b\n{sha256(b'')}"
    digest = sha256(canonical.encode("utf-8", "surrogateescape"))
    text = f"SDK-HMAC-SHA256\n{DATE}\n{digest}"
    assert sign(SECRET_KEY, DATE, canonical) == hmac.new(SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_signing_time_is_parsed() -> None:
    def at(headers: dict[str, str]) -> datetime | None:
        return signing_time(SignedRequest("GET", "/", "", headers, sha256(b"")))

    assert at(HEADERS) == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert at({"host": "h"}) is None


@pytest.mark.parametrize(("request_", "canonical_hash", "signature", "derived"), VECTORS)
def test_any_change_breaks_the_signature(
    request_: SignedRequest, canonical_hash: str, signature: str, derived: str
) -> None:
    claims = [parsed(authorization(request_, signature))]
    if derived:
        claims.append(v11(request_, derived))
    changed = [
        replace(request_, method="PUT"),
        replace(request_, path=request_.path + "x"),
        replace(request_, query=request_.query + "&a=b"),
        replace(request_, headers={**request_.headers, "host": "other"}),
        replace(request_, headers={**request_.headers, "x-sdk-date": "20240102T030406Z"}),
        replace(request_, headers={name: value for name, value in request_.headers.items() if name != "x-project-id"}),
    ]
    if "x-sdk-content-sha256" not in request_.headers:
        changed.append(replace(request_, body_sha256=sha256(b"other")))
    assert not [each for each in changed for claim in claims if is_valid(each, claim, SECRET_KEY)]
    assert not [claim for claim in claims if is_valid(request_, claim, SECRET_KEY + "x")]


def test_a_derived_signature_is_valid_only_on_its_day() -> None:
    request, _, _, derived = VECTORS[0].values
    assert isinstance(request, SignedRequest)
    claim = v11(request, str(derived))
    assert is_valid(request, claim, SECRET_KEY)
    yesterday = "20240101/cn-north-4/frs"
    canonical = canonical_request(request, claim.signed_headers)
    forged = replace(claim, info=yesterday, hexdigest=sign_derived(ACCESS_KEY, SECRET_KEY, DATE, yesterday, canonical))
    assert not is_valid(request, forged, SECRET_KEY)


def test_a_payload_hash_must_match_the_body() -> None:
    body = b"--XYZ\r\n"
    for announced, valid in ((sha256(body), True), (sha256(b"other"), False)):
        request = SignedRequest("POST", "/", "", {**HEADERS, "x-sdk-content-sha256": announced}, sha256(body))
        signature = sign(SECRET_KEY, DATE, canonical_request(request, tuple(sorted(request.headers))))
        assert is_valid(request, parsed(authorization(request, signature)), SECRET_KEY) is valid


def test_a_security_token_must_be_signed() -> None:
    names = tuple(sorted(HEADERS))
    request = SignedRequest("GET", "/", "", {**HEADERS, "x-security-token": "t"}, sha256(b""))
    signature = sign(SECRET_KEY, DATE, canonical_request(request, names))
    claim = parsed(f"SDK-HMAC-SHA256 Access=a, SignedHeaders={';'.join(names)}, Signature={signature}")
    assert not is_valid(request, claim, SECRET_KEY)


def independent(
    algorithm: str, method: str, segments: list[str], query: list[tuple[str, str]], headers: dict[str, str], body: bytes
) -> str:
    """Compute the signature by an independent implementation of the documents."""

    def encode(text: str) -> str:
        safe = (string.ascii_letters + string.digits + "-_.~").encode()
        return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in text.encode())

    path = "".join("/" + "/".join(encode(piece) for piece in segment.split("/")) for segment in segments)
    lines = [method, path if path.endswith("/") else path + "/"]
    lines.append("&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(query)))
    lines += [f"{name}:{headers[name].strip()}" for name in sorted(headers)]
    lines += ["", ";".join(sorted(headers)), sha256(body)]
    digest = sha256("\n".join(lines).encode())

    def mac(key: bytes, text: bytes) -> bytes:
        return hmac.new(key, text, hashlib.sha256).digest()

    if algorithm == "SDK-HMAC-SHA256":
        return mac(SECRET_KEY.encode(), f"{algorithm}\n{DATE}\n{digest}".encode()).hex()
    derived = mac(mac(ACCESS_KEY.encode(), SECRET_KEY.encode()), INFO.encode() + b"\x01").hex()
    return mac(derived.encode(), f"{algorithm}\n{DATE}\n{INFO}\n{digest}".encode()).hex()


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
segments = texts.filter(lambda text: text not in {"", ".", ".."})
queries = st.lists(st.tuples(st.text(string.ascii_letters + "_", min_size=1, max_size=6), texts), max_size=4)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE"])


@fuzz()
@given(
    st.sampled_from(["SDK-HMAC-SHA256", "V11-HMAC-SHA256"]),
    methods,
    st.lists(segments, min_size=1, max_size=4),
    queries,
    st.dictionaries(st.text(string.ascii_lowercase + "-", min_size=1, max_size=8), st.text("ab ~/%é", max_size=8)),
    st.binary(max_size=40),
)
def test_a_second_implementation_agrees(
    algorithm: str,
    method: str,
    path: list[str],
    query: list[tuple[str, str]],
    more_headers: dict[str, str],
    body: bytes,
) -> None:
    headers = {**more_headers, "host": "h:1", "x-sdk-date": DATE}
    request = SignedRequest(
        method, "/" + "/".join(quote(each, safe="") for each in path), urlencode(query), headers, sha256(body)
    )
    signature = independent(algorithm, method, path, query, headers, body)
    names = ";".join(sorted(headers))
    credential = f"Access={ACCESS_KEY}" if algorithm.startswith("SDK") else f"Credential={ACCESS_KEY}/{INFO}"
    assert is_valid(
        request, parsed(f"{algorithm} {credential}, SignedHeaders={names}, Signature={signature}"), SECRET_KEY
    )


@fuzz()
@given(methods, st.lists(segments, min_size=1, max_size=4), queries, st.binary(max_size=40), st.booleans())
def test_signatures_of_the_official_signers_are_valid(
    method: str, path: list[str], query: list[tuple[str, str]], body: bytes, derive: bool
) -> None:
    request = SdkRequest(
        method=method,
        schema="http",
        host="127.0.0.1:8080",
        resource_path="/" + "/".join(quote(segment, safe="") for segment in path),
        query_params=list(query),
        header_params={"Content-Type": "application/json", "X-Sdk-Date": DATE, "User-Agent": "x"},
        body=body,
        stream=None,
    )
    credentials = BasicCredentials(ACCESS_KEY, SECRET_KEY)
    derived = DerivationAKSKSigner(credentials)
    signed = derived.sign(request, "frs", "cn-north-4") if derive else Signer(credentials).sign(request)
    wire_path, _, wire_query = signed.uri.partition("?")
    headers = {name.lower(): value for name, value in signed.header_params.items()}
    arrived = SignedRequest(method, wire_path, wire_query, headers, sha256(body))
    assert is_valid(arrived, parsed(headers["authorization"]), SECRET_KEY)


@fuzz()
@given(st.text(string.printable, max_size=200))
def test_another_authorization_scheme_is_not_parsed(text: str) -> None:
    assert parse_authorization(text) is None


@pytest.mark.parametrize(
    "start", [f"SDK-HMAC-SHA256 Access={ACCESS_KEY}", f"V11-HMAC-SHA256 Credential={ACCESS_KEY}/{INFO}"]
)
def test_a_repeated_signed_header_is_not_parsed(start: str) -> None:
    assert parse_authorization(f"{start}, SignedHeaders=host;x, Signature={'0' * 64}") is not None
    assert parse_authorization(f"{start}, SignedHeaders=host;x;X, Signature={'0' * 64}") is None


@pytest.mark.parametrize("date", ["", "2024-01-02", "20240102T030405", "20241302T030405Z", "99999999T999999Z"])
def test_an_invalid_date_is_none(date: str) -> None:
    assert signing_time(SignedRequest("GET", "/", "", {"x-sdk-date": date}, sha256(b""))) is None
