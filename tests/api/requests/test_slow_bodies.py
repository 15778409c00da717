"""Time limit of request bodies."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from openfrs.api.requests.body import raw_body
from openfrs.core import limits
from openfrs.core.admission import Admission
from openfrs.core.errors import ServiceError


def test_a_slow_body_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_TIMEOUT_SECONDS", 0.2)
    received = 0

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 1
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def read() -> Any:
        with Admission(requests=1, body_bytes=1000).admit() as slot:
            scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "state": {"slot": slot}}
            return await raw_body(Request(scope, receive))

    with pytest.raises(ServiceError) as refused:
        asyncio.run(read())
    assert refused.value.entry.key == "APIG.0201/400"
    assert refused.value.headers == {"Connection": "close"}
    assert received < 50
