"""Traces of requests, of a service in this process and of a server that exports them over HTTP."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from openfrs.api.app import create_app
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.core.telemetry.tracing import exporting_traces
from openfrs.services import Services
from tests.support.fake_models import FakePipeline, photo

memory = pytest.importorskip(
    "opentelemetry.sdk.trace.export.in_memory_span_exporter", reason="openfrs[otel] is not here"
)

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def spans_of(folder: Path, path: str, **headers: str) -> dict[str, Any]:
    """Return the spans of one request, by name."""
    services = Services.open(Settings(data=folder, bootstrap=True), FakePipeline())
    services.bootstrap("http://here")
    account = json.loads((folder / "credentials.json").read_text())

    async def send() -> None:
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            user = {"name": account["user"], "password": account["password"], "domain": {"name": "openfrs"}}
            scope = {"project": {"id": account["project_id"]}}
            body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
            token = (await client.post("/v3/auth/tokens", json=body)).headers["X-Subject-Token"]
            exporter.clear()
            where = path.format(project=account["project_id"])
            files = {"image_file": photo((200, 0, 0))}
            await client.post(where, files=files, headers={"X-Auth-Token": token, **headers})

    exporter = memory.InMemorySpanExporter()
    try:
        with exporting_traces("http://nowhere", exporter):
            asyncio.run(send())
    finally:
        services.close()
    return {span.name: span for span in exporter.get_finished_spans() if span.name != "create_token"}


def test_a_request_is_a_child_span_of_its_caller_and_the_parent_of_its_stages(tmp_path: Path) -> None:
    spans = spans_of(tmp_path, "/v2/{project}/face-detect?name=secret", traceparent=CALLER)
    assert spans.keys() == {"detect", "stage.decode", "stage.detect"}
    request = spans["detect"]
    assert f"{request.context.trace_id:032x}" == CALLER.split("-")[1]
    assert f"{request.parent.span_id:016x}" == CALLER.split("-")[2]
    assert all(spans[stage].parent.span_id == request.context.span_id for stage in ("stage.decode", "stage.detect"))
    attributes = dict(request.attributes)
    assert len(attributes.pop("openfrs.request_id")) == 32
    assert attributes == {"http.request.method": "POST", "http.response.status_code": 200}


def test_an_error_is_recorded_by_its_code(tmp_path: Path) -> None:
    (request,) = spans_of(tmp_path, "/v2/{project}/face-sets/secret/search").values()
    assert request.attributes["error.type"] == "FRS.0302"
    assert request.status.is_unset
    assert "secret" not in str(request.to_json())


def test_without_the_packages_the_error_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(OperatorError, match=r"openfrs\[otel\]"), exporting_traces("http://127.0.0.1:4318"):
        pass
