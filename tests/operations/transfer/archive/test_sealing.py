"""Encrypted streams: random access, and rejection of changes."""

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openfrs.core.errors import OperatorError
from openfrs.operations.transfer.archive.sealing import CHUNK, Sealing, SealingWriter, UnsealingReader, Window

SEALING = Sealing(n=2**10, salt=b"c2FsdCBhbmQgcGVwcGVyIGFuZCB2aW5lZ2Fy")
KEY = SEALING.key("passphrase")
SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5)


def sealed(plain: bytes, pieces: int = 3) -> bytes:
    target = io.BytesIO()
    with SealingWriter(target, KEY) as writer:
        step = max(1, len(plain) // pieces)
        for start in range(0, len(plain), step):
            writer.write(plain[start : start + step])
        assert writer.tell() == len(plain)
    return target.getvalue()


def reader(stream: bytes) -> io.BufferedReader:
    return io.BufferedReader(UnsealingReader(Window(io.BytesIO(stream), 0, len(stream)), KEY))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SIZES), st.integers(0, 2**32), st.integers(1, 7))
def test_an_encrypted_stream_is_read_from_any_position(size: int, seed: int, pieces: int) -> None:
    rng = random.Random(seed)
    plain = rng.randbytes(size)
    file = reader(sealed(plain, pieces))
    assert file.seek(0, io.SEEK_END) == size
    for _ in range(5):
        place, count = rng.randint(0, size), rng.randint(0, 2 * CHUNK)
        file.seek(place)
        assert file.read(count) == plain[place : place + count]


def test_a_wrong_passphrase_is_rejected() -> None:
    stream = sealed(b"x" * 100)
    with pytest.raises(OperatorError, match="passphrase"):
        UnsealingReader(Window(io.BytesIO(stream), 0, len(stream)), SEALING.key("Passphrase"))


@pytest.mark.parametrize("size", SIZES)
def test_a_changed_stream_is_rejected(size: int) -> None:
    stream = sealed(random.Random(size).randbytes(size))
    whole = CHUNK + 16
    changed = [stream[:-1], stream + b"x", stream[:-1] + bytes([stream[-1] ^ 1]), bytes([stream[0] ^ 1]) + stream[1:]]
    if size > CHUNK:
        changed += [stream[:whole], stream[whole:], stream[:whole] + stream]
    for each in changed:
        with pytest.raises(OperatorError):
            reader(each).read()


def test_the_same_passphrase_gives_a_new_key_each_time() -> None:
    assert Sealing.fresh().salt != Sealing.fresh().salt
