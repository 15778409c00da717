"""Memory for bodies: what is left to requests with verified credentials, and to other addresses."""

import pytest

from openfrs.core import limits
from openfrs.core.admission import Admission, RequestSlot
from openfrs.core.errors import ServiceError

BODY = limits.MAX_BODY_BYTES


def admission(bodies: int, *, address_share: float = 1) -> Admission:
    return Admission(requests=100, body_bytes=bodies * BODY, address_share=address_share)


def fits(slot: RequestSlot, size: int = BODY) -> bool:
    try:
        slot.reserve(size)
    except ServiceError:
        return False
    return True


def test_memory_is_left_to_requests_with_verified_credentials() -> None:
    bounded = admission(4)
    unverified = [bounded.admit(f"address {place}") for place in range(3)]
    assert [fits(slot) for slot in unverified] == [True, True, False]
    verified = [bounded.admit(f"address {place}") for place in range(3)]
    for slot in verified:
        slot.verify()
    assert [fits(slot) for slot in verified] == [True, True, False]


def test_verified_credentials_make_room_for_other_requests() -> None:
    bounded = admission(4)
    slots = [bounded.admit() for _ in range(3)]
    assert [fits(slot) for slot in slots] == [True, True, False]
    slots[0].verify()
    slots[0].verify()
    assert fits(slots[2])
    assert not fits(bounded.admit())
    for slot in slots:
        slot.release()
    assert (bounded.reserved_bytes, bounded.active_requests) == (0, 1)
    assert [fits(bounded.admit()) for _ in range(3)] == [True, True, False]


def test_an_address_cannot_use_all_memory() -> None:
    bounded = admission(4, address_share=0.5)
    slots = [bounded.admit("a") for _ in range(3)]
    for slot in slots:
        slot.verify()
    assert [fits(slot) for slot in slots] == [True, True, False]
    other = bounded.admit("b")
    assert fits(other)
    slots[0].release()
    assert fits(slots[2])


@pytest.mark.parametrize("size", [1, BODY])
def test_one_body_fits_whatever_the_shares(size: int) -> None:
    bounded = admission(1, address_share=0.01)
    assert fits(bounded.admit("a"), size)


def test_a_request_is_released_once() -> None:
    bounded = admission(1)
    with bounded.admit("a") as slot:
        assert fits(slot)
        slot.release()
        assert (bounded.reserved_bytes, bounded.active_requests) == (0, 0)
    assert (bounded.reserved_bytes, bounded.active_requests) == (0, 0)
