"""The application of a server process: services, HTTP server, periodic jobs and graceful shutdown."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from openfrs.api.app import create_app
from openfrs.core.errors import OperatorError
from openfrs.core.settings import LOCAL_COUNTERS, MEMORY_COUNTERS, Settings
from openfrs.core.telemetry.tracing import exporting_traces
from openfrs.services import Services, prepare
from openfrs.store.data_directory import DataDirectory

from .connections import connection_limit
from .handshake import encrypted
from .header_names import with_documented_names
from .http_protocol import bounded_protocol
from .jobs import index_updates, pruning, refused_login_entries, retention_runs, state_measurements, usage_flushes
from .periodic import memory_trimming
from .tls import certificate_of, reloaded_on_hangup
from .vision.executor import VisionProcesses

_log = logging.getLogger(__name__)

DRAIN_SECONDS: Final = 8
"""Time that requests in progress have to finish when the process stops."""

_REFUSAL_SECONDS: Final = 1
"""The last part of it, in which work on images that has not ended is given up and answered with status 503."""


def prepare_data(settings: Settings, endpoint: str) -> None:
    """Do for all worker processes what one of them must do first.

    Raises:
        OperatorError: the database or the keyring cannot be used.
    """
    if prepare(settings, endpoint):
        _print_credentials_path(settings)


def run_application(
    settings: Settings,
    processes: VisionProcesses,
    listener: socket.socket,
    endpoint: str,
    on_ready: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OperatorError: the data, the certificate or the models cannot be used.
    """
    certificate = certificate_of(settings)
    if settings.database is not None and settings.counters in {LOCAL_COUNTERS, MEMORY_COUNTERS}:
        _log.warning("each node counts requests, failed logins and used signatures separately; set OPENFRS_COUNTERS")
    services = Services.compose(settings, processes)
    try:
        if settings.bootstrap and services.bootstrap(endpoint):
            _print_credentials_path(settings)
        protocol = bounded_protocol(connection_limit(settings.connections))
        config = uvicorn.Config(
            with_documented_names(create_app(services)),
            loop="auto",
            http=encrypted(protocol, certificate.context) if certificate else protocol,
            log_config=None,
            access_log=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            server_header=False,
            lifespan="off",
            timeout_keep_alive=settings.keep_alive,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        gc.collect()
        gc.freeze()  # a collection of the long-lived objects blocked requests for 0.1 s
        server = _Server(config, processes, on_ready)
        with (
            reloaded_on_hangup(certificate),
            exporting_traces(settings.otlp_endpoint),
            retention_runs(services, settings),
            index_updates(services),
            usage_flushes(services),
            refused_login_entries(services),
            pruning(services),
            state_measurements(services, settings, certificate),
            memory_trimming(),
        ):
            server.run(sockets=[listener])
        if server.failure is not None:
            raise server.failure
    finally:
        services.close()


def _print_credentials_path(settings: Settings) -> None:
    print(f"First account created; its credentials are in {DataDirectory(settings.data).credentials}", flush=True)


class _Server(uvicorn.Server):
    """A Uvicorn server that connects the vision processes, and exits with status 0 after a signal.

    It serves before the models are loaded, calls ``on_ready`` when they are, and stops if they cannot be loaded.
    """

    def __init__(self, config: uvicorn.Config, processes: VisionProcesses, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._processes = processes
        self._on_ready = on_ready
        self._reporting: asyncio.Task[None] | None = None
        self.failure: OperatorError | None = None
        """The reason for which the models cannot be loaded."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self._processes.connect()
        await super().startup(sockets)
        self._reporting = asyncio.create_task(self._report_ready())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stopping = asyncio.create_task(self._stop_work())
        await super().shutdown(sockets)
        stopping.cancel()
        if self._reporting is not None:
            self._reporting.cancel()
        await self._processes.disconnect()

    async def _stop_work(self) -> None:
        """End unfinished work in time for its clients to be told; Uvicorn would cut their requests off as failures."""
        await asyncio.sleep(DRAIN_SECONDS - _REFUSAL_SECONDS)
        await self._processes.disconnect()

    async def _report_ready(self) -> None:
        try:
            await self._processes.wait_until_ready()
        except OperatorError as error:
            self.failure = error
            self.should_exit = True
        else:
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
