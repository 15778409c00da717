"""Signing of requests to an S3-compatible store."""

from datetime import UTC, datetime

from openfrs.media.fetching.s3 import EMPTY_SHA256, S3Endpoint


def test_the_documented_test_vector_is_signed() -> None:
    store = S3Endpoint(
        "https://examplebucket.s3.amazonaws.com",
        "us-east-1",
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": EMPTY_SHA256,
        "x-amz-date": "20130524T000000Z",
    }
    assert store.authorization("/test.txt", headers) == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_a_request_has_bucket_and_key_in_its_path_and_no_secret() -> None:
    store = S3Endpoint("http://127.0.0.1:9000", "local", "KEY", "the secret")
    url, headers = store.signed_get("faces", "a b/中~.jpg", datetime(2026, 1, 2, tzinfo=UTC))
    assert url == "http://127.0.0.1:9000/faces/a%20b/%E4%B8%AD~.jpg"
    assert headers["host"] == "127.0.0.1:9000"
    assert headers["x-amz-date"] == "20260102T000000Z"
    assert "the secret" not in repr(store) + str(headers)
