"""Traces with OpenTelemetry, if an endpoint is configured. They need the packages of ``openfrs[otel]``.

A request is a span, a child of the caller's span if its ``traceparent`` header names one. The stages of its work are child spans.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from openfrs.core.errors import missing_extra

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span


EXPORT_TIMEOUT_SECONDS = 1.5
"""Timeout of a batch. It is short, so that the spans left at the end do not delay the server's shutdown."""


class _Tracing:
    """The tracer of this process; None until tracing is configured."""

    provider: Any = None
    tracer: Any = None


@contextmanager
def exporting_traces(endpoint: str, exporter: "SpanExporter | None" = None) -> Iterator[None]:
    """Send traces to an OTLP endpoint over HTTP, such as http://127.0.0.1:4318, until the block ends.

    An empty endpoint disables tracing. The environment variables of OpenTelemetry, such as ``OTEL_TRACES_SAMPLER``, apply.
    ``exporter`` receives the spans in place of the endpoint.

    Raises:
        OperatorError: the OpenTelemetry packages are not installed.
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
        raise missing_extra("setting otlp_endpoint needs OpenTelemetry, which is not installed", "otel") from error
    attributes = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "openfrs"}
    provider = TracerProvider(resource=Resource.create(attributes))
    sink = exporter or OTLPSpanExporter(endpoint.rstrip("/") + "/v1/traces", timeout=EXPORT_TIMEOUT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(sink))
    _Tracing.provider, _Tracing.tracer = provider, provider.get_tracer("openfrs")
    try:
        yield
    finally:
        _Tracing.provider = _Tracing.tracer = None
        provider.shutdown()


@contextmanager
def span(name: str) -> Iterator[None]:
    """Trace the block as a child of the current span."""
    if _Tracing.tracer is None:
        yield
        return
    with _Tracing.tracer.start_as_current_span(name):
        yield


def past_span(name: str, started: int, seconds: float) -> None:
    """Trace a child of the current span that has ended; ``started`` is in nanoseconds since 1970."""
    if _Tracing.tracer is not None:
        _Tracing.tracer.start_span(name, start_time=started).end(started + round(seconds * 1e9))


@contextmanager
def request_span(headers: Mapping[str, str]) -> Iterator["Span | None"]:
    """Trace a request, as a child of the span that its headers name; yield None if tracing is disabled."""
    if _Tracing.tracer is None:
        yield None
        return
    from opentelemetry.trace import SpanKind  # an optional dependency
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = TraceContextTextMapPropagator().extract(headers)
    with _Tracing.tracer.start_as_current_span("request", parent, kind=SpanKind.SERVER) as current:
        yield current


def annotate(current: "Span", operation: str, attributes: Mapping[str, str | int], *, failed: bool) -> None:
    """Set the name, the attributes and the status of a request's span; empty attributes are left out."""
    from opentelemetry.trace import StatusCode  # an optional dependency

    current.update_name(operation)
    current.set_attributes({name: value for name, value in attributes.items() if value != ""})
    if failed:
        current.set_status(StatusCode.ERROR)
