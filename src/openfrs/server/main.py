"""The server: data directory lock, listening socket, vision processes and worker processes.

The application is imported after the vision processes have been started, because both take most of a second.
"""

import errno
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from openfrs import __version__
from openfrs.core.errors import OperatorError
from openfrs.core.files import Descriptor
from openfrs.core.settings import Settings
from openfrs.core.telemetry import logs
from openfrs.core.telemetry.exposition import serving_metrics
from openfrs.store.data_directory import DataDirectory
from openfrs.vision.identity import ModelIdentity
from openfrs.vision.loading import check_models, load_models

from .endpoints import client_endpoint, listening_endpoint
from .service_manager import ignore_hangup, notify_ready
from .tls import certificate_of
from .vision.executor import VisionProcesses
from .workers import run_workers

if TYPE_CHECKING:
    from openfrs.vision.pipeline import Pipeline

STOP_SECONDS: Final = 10
"""Time that a worker process has to stop: two seconds more than requests in progress have to finish."""


def serve(
    settings: Settings,
    *,
    load_pipeline: Callable[[Settings], "Pipeline"] = load_models,
    identify_models: Callable[[Settings], ModelIdentity] = check_models,
) -> None:
    """Serve until SIGTERM or SIGINT. Prints its addresses when the server is ready.

    ``load_pipeline``, which the vision processes call, must be picklable; ``identify_models`` returns what it loads.

    Raises:
        OperatorError: The data directory, the models, the certificate or the address cannot be used.
    """
    started = time.perf_counter()
    logs.configure(settings)
    ignore_hangup()
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
            ready = f"OpenFRS {__version__} ready on {listening_endpoint(scheme, listener)} after {seconds:.1f} s"
            print("\n".join([ready, *_places(settings, endpoint)]), flush=True)
            notify_ready()

        if settings.workers == 1:
            _serve(settings, load_pipeline, identify_models, listener, lock, endpoint, on_ready=on_ready)
            return
        from .application import prepare_data

        prepare_data(settings, endpoint)
        run_workers(
            _serve,
            (
                settings.model_copy(update={"bootstrap": False}),
                load_pipeline,
                identify_models,
                listener,
                lock,
                endpoint,
            ),
            count=settings.workers,
            on_ready=on_ready,
            on_stop=listener.close,
            stop_timeout_seconds=STOP_SECONDS,
            forwarded_signals=[signal.SIGHUP] if scheme == "https" else [],
            on_unexpected_exit=worker_exited,
        )


def _serve(
    settings: Settings,
    load_pipeline: Callable[[Settings], "Pipeline"],
    identify_models: Callable[[Settings], ModelIdentity],
    listener: socket.socket,
    _lock: Descriptor,
    endpoint: str,
    *,
    on_ready: Callable[[], None],
) -> None:
    """Serve in this process."""
    logs.configure(settings)
    processes = VisionProcesses(settings, load_pipeline, identify_models)
    try:  # the processes load their models while this one imports the rest
        from .application import run_application

        run_application(settings, processes, listener, endpoint, on_ready)
    finally:
        processes.close()


def _places(settings: Settings, endpoint: str) -> list[str]:
    """Return lines with the places that a new user needs; there are no credentials if another node created the first account."""
    credentials = DataDirectory(settings.data).credentials
    lines = [f"  console:       {endpoint}/console", f"  API document:  {endpoint}/docs"]
    return lines + ([f"  credentials:   {credentials.absolute()}"] if credentials.exists() else [])


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
