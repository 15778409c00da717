"""Running the service: the data directory, the socket, the process's life."""

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
from openfrs.core.settings import Settings
from openfrs.core.telemetry import logs
from openfrs.core.telemetry.exposition import exposed
from openfrs.core.telemetry.tracing import traced
from openfrs.services import Services, prepare
from openfrs.store.data_directory import DataDirectory
from openfrs.vision.loading import load_models
from openfrs.vision.pipeline import Pipeline

from .http_protocol import PunctualProtocol
from .jobs import counting, expiring, indexing, returning_memory
from .tls import certificate_of, reloaded_on_hangup
from .workers import supervise

_log = logging.getLogger(__name__)

DRAIN_SECONDS = 8
"""How long requests under way may take to finish once the process is told to stop."""


def serve(settings: Settings, *, load_pipeline: Callable[[Settings], Pipeline] = load_models) -> None:
    """Serve until told to stop by SIGTERM or SIGINT; prints one line when ready.

    With several workers ``load_pipeline`` must be picklable.

    Raises:
        OperatorError: the directory, the models or the address cannot be used.
    """
    started = time.perf_counter()
    scheme = "https" if certificate_of(settings) else "http"  # one that is no good is told before anything is made
    with (
        DataDirectory(settings.data).lock() as lock,
        _listening(settings) as listener,
        exposed(settings) as process_ended,
    ):
        host, port = listener.getsockname()[:2]
        endpoint = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

        def ready() -> None:
            seconds = time.perf_counter() - started
            print(f"OpenFRS {__version__} ready on {endpoint} after {seconds:.1f} s", flush=True)

        if settings.workers == 1:
            _serve(settings, load_pipeline, listener, lock, endpoint, ready=ready)
            return
        if prepare(settings, endpoint):
            _tell_of_account(settings)
        supervise(
            _serve,
            (settings.model_copy(update={"bootstrap": False}), load_pipeline, listener, lock, endpoint),
            count=settings.workers,
            on_ready=ready,
            on_stop=listener.close,
            patience=DRAIN_SECONDS + 2,
            passed_on=[signal.SIGHUP] if scheme == "https" else [],
            on_end=process_ended,
        )


def _serve(
    settings: Settings,
    load_pipeline: Callable[[Settings], Pipeline],
    listener: socket.socket,
    _lock: Descriptor,
    endpoint: str,
    *,
    ready: Callable[[], None],
) -> None:
    """Serve in this process."""
    logs.configure(settings.log_format)
    certificate = certificate_of(settings)
    if settings.database is not None and settings.counters.startswith("memory:"):
        _log.warning("rates, failed logins and used signatures are counted by each node alone: set OPENFRS_COUNTERS")
    pipeline = load_pipeline(settings)
    services = Services.open(settings, pipeline)
    try:
        if settings.bootstrap and services.bootstrap(endpoint):
            _tell_of_account(settings)
        config = uvicorn.Config(
            create_app(services),
            loop="auto",
            http=PunctualProtocol,
            log_config=None,
            access_log=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=DRAIN_SECONDS,
            ssl_context_factory=(lambda *_: certificate.context) if certificate else None,
        )
        gc.collect()
        gc.freeze()  # what was made so far stays: to go through it took a tenth of a second, in which no request was served
        with (
            reloaded_on_hangup(certificate),
            traced(settings.otlp_endpoint),
            expiring(services, settings),
            indexing(services),
            counting(services),
            returning_memory(),
        ):
            _Server(config, ready).run(sockets=[listener])
    finally:
        services.close()


def _tell_of_account(settings: Settings) -> None:
    print(f"First account created; its credentials are in {DataDirectory(settings.data).credentials}", flush=True)


class _Server(uvicorn.Server):
    """Uvicorn, saying when it is ready, and taking a signal as a plain request to stop."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn raises the signal again once it has stopped; having drained, this process rather exits with 0."""
        signals = (signal.SIGINT, signal.SIGTERM)
        previous = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """The bound socket; taken before the models are loaded, so that a wrong address is told at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise OperatorError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
        yield listener
