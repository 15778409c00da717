import resource

import pytest

from openfrs.server.connections import RESERVED_DESCRIPTORS, connection_limit


@pytest.mark.parametrize(
    ("files", "setting", "expected"),
    [
        (256, 4096, 128),
        (1024, 4096, 1024 - RESERVED_DESCRIPTORS),
        (65_536, 4096, 4096),
        (1024, 10, 10),
        (1, 4096, 1),
        (resource.RLIM_INFINITY, 4096, 4096),
    ],
)
def test_connections_leave_descriptors_to_everything_else(
    monkeypatch: pytest.MonkeyPatch, files: int, setting: int, expected: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert connection_limit(setting) == expected
