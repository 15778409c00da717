import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.core.errors import ServiceError
from openfrs.media.decoding.base64_text import decode_base64


def is_rejected(text: str) -> bool:
    with pytest.raises(ServiceError) as caught:
        decode_base64(text, "image1_base64")
    assert "image1_base64" in caught.value.message
    return caught.value.entry.key == "FRS.0015/base64"


@given(st.binary())
def test_encoded_data_is_decoded(data: bytes) -> None:
    assert decode_base64(base64.b64encode(data).decode(), "p") == data


@given(st.binary(min_size=60))
def test_line_breaks_are_removed(data: bytes) -> None:
    text = base64.encodebytes(data).decode()
    assert decode_base64(text, "p") == data
    assert decode_base64(text.replace("\n", "\r\n"), "p") == data


@pytest.mark.parametrize(
    "prefix",
    [
        "data:image/jpeg;base64,",
        "data:image/svg+xml;base64,",
        "data:image/png;charset=utf-8;base64,",
        "data:;base64,",
        "DATA:image/JPEG;BASE64,",
        "data:;charset=utf-8;base64,",
    ],
)
def test_a_data_uri_prefix_is_removed(prefix: str) -> None:
    assert decode_base64(prefix + "aGk=", "p") == b"hi"


@pytest.mark.parametrize("text", ["data:image/jpeg,aGk=", "x data:image/png;base64,aGk=", "data:image/png;base64"])
def test_other_prefixes_are_not_base64(text: str) -> None:
    assert is_rejected(text)


def test_the_head_of_a_data_uri_is_bounded() -> None:
    assert decode_base64("data:a/b" + ";a" * 120 + ";base64,aGk=", "p") == b"hi"
    assert is_rejected("data:a/b" + ";a" * 121 + ";base64,aGk=")


@pytest.mark.parametrize("text", ["aGk", "aGk==", "a", "====", "aGk=aGk=", "=aGk"])
def test_bad_padding_is_rejected(text: str) -> None:
    assert is_rejected(text)


@pytest.mark.parametrize("text", ["-_-_", "aG k", "aGk\t", "äöüß", "aG.=", "aGk=\0", "\ud800aGk"])
def test_characters_outside_the_alphabet_are_rejected(text: str) -> None:
    assert is_rejected(text)


@given(st.text(alphabet="aZ9+/=\n-_ \xe4\0", max_size=12))
def test_only_the_canonical_encoding_is_accepted(text: str) -> None:
    try:
        data = decode_base64(text, "p")
    except ServiceError:
        return
    assert len(base64.b64encode(data)) == len(text.replace("\n", ""))


def test_an_empty_text_has_no_bytes() -> None:
    assert decode_base64("", "p") == b""
