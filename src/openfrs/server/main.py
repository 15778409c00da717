"""The server: data directory lock, listening socket, worker processes and graceful shutdown."""

import errno
import gc
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from openfrs import __version__
from openfrs.api.app import create_app
from openfrs.core.errors import OperatorError
from openfrs.core.files import Descriptor
from openfrs.core.settings import LOCAL_COUNTERS, MEMORY_COUNTERS, Settings
from openfrs.core.telemetry import logs
from openfrs.core.telemetry.exposition import serving_metrics
from openfrs.core.telemetry.tracing import exporting_traces
from openfrs.services import Services, prepare
from openfrs.store.data_directory import DataDirectory
from openfrs.vision.loading import load_models
from openfrs.vision.pipeline import Pipeline

from .connections import connection_limit
from .endpoints import client_endpoint, listening_endpoint
from .header_names import with_documented_names
from .http_protocol import bounded_protocol
from .jobs import index_updates, memory_trimming, pruning, refused_login_entries, retention_runs, usage_flushes
from .tls import certificate_of, reloaded_on_hangup
from .workers import run_workers

_log = logging.getLogger(__name__)

DRAIN_SECONDS = 8
"""Time that requests in progress have to finish when the process stops."""


def serve(settings: Settings, *, load_pipeline: Callable[[Settings], Pipeline] = load_models) -> None:
    """Serve until SIGTERM or SIGINT. Prints one line when the server is ready.

    With several workers ``load_pipeline`` must be picklable.

    Raises:
        OperatorError: The data directory, the models, the certificate or the address cannot be used.
    """
    started = time.perf_counter()
    logs.configure(settings.log_format)
    certificate = certificate_of(settings)  # reports an invalid certificate before anything is created
    scheme = "http" if certificate is None else "https"
    with (
        DataDirectory(settings.data).lock() as lock,
        _listening(settings) as listener,
        serving_metrics(settings) as worker_exited,
    ):
        endpoint = client_endpoint(scheme, listener)

        def on_ready() -> None:
            seconds = time.perf_counter() - started
            print(
                f"OpenFRS {__version__} ready on {listening_endpoint(scheme, listener)} after {seconds:.1f} s",
                flush=True,
            )

        if settings.workers == 1:
            _serve(settings, load_pipeline, listener, lock, endpoint, on_ready=on_ready)
            return
        if prepare(settings, endpoint):
            _print_credentials_path(settings)
        run_workers(
            _serve,
            (settings.model_copy(update={"bootstrap": False}), load_pipeline, listener, lock, endpoint),
            count=settings.workers,
            on_ready=on_ready,
            on_stop=listener.close,
            stop_timeout_seconds=DRAIN_SECONDS + 2,
            forwarded_signals=[signal.SIGHUP] if scheme == "https" else [],
            on_unexpected_exit=worker_exited,
        )


def _serve(
    settings: Settings,
    load_pipeline: Callable[[Settings], Pipeline],
    listener: socket.socket,
    _lock: Descriptor,
    endpoint: str,
    *,
    on_ready: Callable[[], None],
) -> None:
    """Serve in this process."""
    logs.configure(settings.log_format)
    certificate = certificate_of(settings)
    if settings.database is not None and settings.counters in {LOCAL_COUNTERS, MEMORY_COUNTERS}:
        _log.warning("each node counts requests, failed logins and used signatures separately; set OPENFRS_COUNTERS")
    pipeline = load_pipeline(settings)
    services = Services.open(settings, pipeline)
    try:
        if settings.bootstrap and services.bootstrap(endpoint):
            _print_credentials_path(settings)
        config = uvicorn.Config(
            with_documented_names(create_app(services)),
            loop="auto",
            http=bounded_protocol(connection_limit(settings.connections)),
            log_config=None,
            access_log=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            server_header=False,
            lifespan="off",
            timeout_keep_alive=settings.keep_alive,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            ssl_context_factory=(lambda *_: certificate.context) if certificate else None,
        )
        gc.collect()
        gc.freeze()  # a collection of the long-lived objects blocked requests for 0.1 s
        with (
            reloaded_on_hangup(certificate),
            exporting_traces(settings.otlp_endpoint),
            retention_runs(services, settings),
            index_updates(services),
            usage_flushes(services),
            refused_login_entries(services),
            pruning(services),
            memory_trimming(),
        ):
            _Server(config, on_ready).run(sockets=[listener])
    finally:
        services.close()


def _print_credentials_path(settings: Settings) -> None:
    print(f"First account created; its credentials are in {DataDirectory(settings.data).credentials}", flush=True)


class _Server(uvicorn.Server):
    """A Uvicorn server that reports readiness and exits with status 0 after a signal."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle stop signals without Uvicorn's raising of the signal after shutdown, which would change the exit status."""
        signals = (signal.SIGINT, signal.SIGTERM)
        previous = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Bind the socket, before the models are loaded, to report a wrong address early."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise OperatorError(
                    f"cannot listen on {settings.host}: port {settings.port} is already in use; choose another with --port"
                ) from error
            raise OperatorError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
        yield listener
