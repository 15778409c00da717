"""Authenticated encryption with AES-256-GCM."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
_NONCE_BYTES: Final = 12


class DecryptionError(Exception):
    """The key or the context is wrong, or the ciphertext was altered."""


class Cipher:
    """AES-256-GCM with one key. Each ciphertext is bound to a context, which is authenticated but not stored."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt with a random nonce, and return nonce, ciphertext and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self.encrypt(nonce, plain, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Decrypt the result of :meth:`wrap`.

        Raises:
            DecryptionError
        """
        return self.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)

    def encrypt(self, nonce: bytes, plain: bytes, context: bytes) -> bytes:
        """Encrypt with a nonce of 12 bytes, which must never repeat under one key; return ciphertext and tag."""
        return self._aead.encrypt(nonce, plain, context)

    def decrypt(self, nonce: bytes, ciphertext: bytes, context: bytes) -> bytes:
        """Decrypt the result of :meth:`encrypt`.

        Raises:
            DecryptionError
        """
        try:
            return self._aead.decrypt(nonce, ciphertext, context)
        except (InvalidTag, ValueError):
            raise DecryptionError from None


def random_key() -> bytes:
    """Return a new key of ``KEY_BYTES`` bytes."""
    return AESGCM.generate_key(8 * KEY_BYTES)
