"""Traces by OpenTelemetry, where they are configured; the packages for it come with ``openfrs[otel]``.

A request is a span, a child of the caller's where its ``traceparent`` header names one; the stages of its work are spans below it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from openfrs.core.errors import OperatorError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span


SENDING_SECONDS = 1.5
"""How long a collector may take over a batch: what is left when the server ends must not hold up its end."""


class _Tracing:
    """What this process traces with; nothing until it is configured."""

    provider: Any = None
    tracer: Any = None


@contextmanager
def traced(endpoint: str, exporter: "SpanExporter | None" = None) -> Iterator[None]:
    """Send traces to an OTLP endpoint over HTTP, such as http://127.0.0.1:4318, or nowhere, for the time of the context.

    Other options are those of the environment that OpenTelemetry defines, such as ``OTEL_TRACES_SAMPLER``. ``exporter`` takes the
    spans in place of the endpoint.

    Raises:
        OperatorError: the packages for it are not installed.
    """
    if not endpoint:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise OperatorError("setting otlp_endpoint needs more packages; run: pip install openfrs[otel]") from error
    named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "openfrs"}
    provider = TracerProvider(resource=Resource.create(named))
    sink = exporter or OTLPSpanExporter(endpoint.rstrip("/") + "/v1/traces", timeout=SENDING_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(sink))
    _Tracing.provider, _Tracing.tracer = provider, provider.get_tracer("openfrs")
    try:
        yield
    finally:
        _Tracing.provider = _Tracing.tracer = None
        provider.shutdown()


@contextmanager
def span(name: str) -> Iterator[None]:
    """A span below the one that is current."""
    if _Tracing.tracer is None:
        yield
        return
    with _Tracing.tracer.start_as_current_span(name):
        yield


@contextmanager
def request_span(headers: Mapping[str, str]) -> Iterator["Span | None"]:
    """The span of a request, below the one that its headers name; None where nothing is traced."""
    if _Tracing.tracer is None:
        yield None
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = TraceContextTextMapPropagator().extract(headers)
    with _Tracing.tracer.start_as_current_span("request", parent, kind=SpanKind.SERVER) as current:
        yield current


def describe(current: "Span", operation: str, attributes: Mapping[str, str | int], *, failed: bool) -> None:
    """Say what a request was and what came of it; empty attributes are left out."""
    from opentelemetry.trace import StatusCode

    current.update_name(operation)
    current.set_attributes({name: value for name, value in attributes.items() if value != ""})
    if failed:
        current.set_status(StatusCode.ERROR)
