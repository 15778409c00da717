"""Generated ids."""

import re

import pytest

from openfrs.faces.ids import public_id, with_fresh_ids
from openfrs.store.faces.repository import IdTakenError


def test_an_id_is_eight_letters_and_digits_and_does_not_repeat() -> None:
    ids = {public_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch("[A-Za-z0-9]{8}", one) for one in ids)


def test_a_write_is_tried_again_with_other_ids() -> None:
    attempts: list[str] = []

    def write() -> str:
        attempts.append(public_id())
        if len(attempts) < 4:
            raise IdTakenError
        return attempts[-1]

    assert with_fresh_ids(write) == attempts[3]
    assert len(set(attempts)) == 4


def test_a_write_that_never_succeeds_gives_up() -> None:
    attempts = 0

    def write() -> None:
        nonlocal attempts
        attempts += 1
        raise IdTakenError

    with pytest.raises(IdTakenError):
        with_fresh_ids(write)
    assert attempts == 5
