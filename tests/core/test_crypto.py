"""Authenticated encryption, and its format in databases and archives."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from openfrs.core.crypto import KEY_BYTES, TAG_BYTES, Cipher, DecryptionError, random_key

KEY = bytes(range(KEY_BYTES))


def test_a_wrapped_value_is_nonce_ciphertext_and_tag() -> None:
    wrapped = Cipher(KEY).wrap(b"plain", b"context")
    assert len(wrapped) == 12 + len(b"plain") + TAG_BYTES
    assert AESGCM(KEY).decrypt(wrapped[:12], wrapped[12:], b"context") == b"plain"
    assert Cipher(KEY).unwrap(wrapped, b"context") == b"plain"


def test_the_nonce_is_random() -> None:
    cipher = Cipher(KEY)
    assert cipher.wrap(b"plain", b"") != cipher.wrap(b"plain", b"")


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_an_altered_value_is_rejected(damage: bytes | None) -> None:
    wrapped = bytearray(Cipher(KEY).wrap(b"plain", b"context"))
    wrapped[-1] ^= 1
    with pytest.raises(DecryptionError):
        Cipher(KEY).unwrap(bytes(wrapped) if damage is None else damage, b"context")


def test_another_key_or_context_is_rejected() -> None:
    wrapped = Cipher(KEY).wrap(b"plain", b"context")
    with pytest.raises(DecryptionError):
        Cipher(random_key()).unwrap(wrapped, b"context")
    with pytest.raises(DecryptionError):
        Cipher(KEY).unwrap(wrapped, b"another")
