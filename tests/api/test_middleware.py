"""Request ids."""

from openfrs.api.middleware import RequestIds


def test_request_ids_are_random_and_have_32_digits() -> None:
    first, second = RequestIds(), RequestIds()
    ids = [source.new() for _ in range(1000) for source in (first, second)]
    assert len(set(ids)) == len(ids)
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in ids)
    bits = sum(int(each, 16).bit_count() for each in ids) / len(ids)
    assert 62 < bits < 66  # 64 of 128 on average; the standard deviation of this mean is 0.13
