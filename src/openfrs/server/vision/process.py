"""One vision process, as the server process sees it: start, connection and end."""

import asyncio
import atexit
import logging
import multiprocessing
import os
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import SecretStr

from openfrs.core.settings import PREFIX, Settings

from .child import run_vision_process
from .messages import Decoder, encode
from .schedule import Place

if TYPE_CHECKING:
    from openfrs.vision.pipeline import Pipeline

log = logging.getLogger("openfrs.vision")

_STOP_SECONDS: Final = 2.0
"""Time that a vision process has to end after its connection was closed."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["openfrs.server.vision.preload"])
_start_lock = threading.Lock()
_started: "weakref.WeakSet[BaseProcess]" = weakref.WeakSet()


@atexit.register
def _kill_remaining() -> None:
    """Kill vision processes that were not stopped: at exit, multiprocessing sends them SIGTERM, which they ignore, and waits."""
    for process in _started:
        if process.is_alive():
            process.kill()


class VisionProcess:
    """A vision process that is starting, ready or ended."""

    def __init__(self, settings: Settings, load_pipeline: Callable[[Settings], "Pipeline"]) -> None:
        self.place = Place()
        self.is_ready = False
        self.has_loaded = False
        """True if the process has ever been ready."""

        self.end_reason = ""
        """Reason for which this process is killed."""

        self.piece_started = 0.0
        self.piece_deadline: asyncio.TimerHandle | None = None
        self._joining = threading.Lock()
        self._transport: asyncio.WriteTransport | None = None
        self._socket, theirs = socket.socketpair()
        arguments = (theirs, without_secrets(settings), load_pipeline)
        with theirs, _start_lock, _environment_of_vision():
            self._process = _context.Process(target=run_vision_process, args=arguments, name="vision", daemon=True)
            self._process.start()
            _started.add(self._process)

    @property
    def pid(self) -> int | None:
        """The process id."""
        return self._process.pid

    async def connect(self, on_message: Callable[[Any], None], on_end: Callable[[], None]) -> None:
        """Receive the messages of the process on the running event loop."""
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: _Connection(self, on_message, on_end), sock=self._socket)

    def opened(self, transport: asyncio.WriteTransport) -> None:
        """Keep the transport of the connection."""
        self._transport = transport

    def send(self, message: object) -> None:
        """Send a message."""
        assert self._transport is not None
        self._transport.writelines(encode(message))

    def kill(self, reason: str) -> None:
        """End the process at once; ``reason`` is logged."""
        self.is_ready = False
        self.end_reason = reason
        self._process.kill()

    def disconnect(self) -> None:
        """Close the connection, which ends the process."""
        if self._transport is None:
            self._socket.close()
        else:
            self._transport.close()

    def join(self) -> str:
        """Wait until the process has ended, kill it if it does not, and return why it ended."""
        with self._joining:
            self._process.join(_STOP_SECONDS)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        return self.end_reason or f"it ended with status {self._process.exitcode}"


class _Connection(asyncio.Protocol):
    """The server process's end of the connection."""

    def __init__(self, process: VisionProcess, on_message: Callable[[Any], None], on_end: Callable[[], None]) -> None:
        self._process = process
        self._on_message = on_message
        self._on_end = on_end
        self._decoder = Decoder()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._process.opened(cast("asyncio.WriteTransport", transport))  # uvloop has another class

    def data_received(self, data: bytes) -> None:
        """Pass on complete messages. A process whose messages are not understood is killed."""
        try:
            for message in self._decoder.messages(data):
                self._on_message(message)
        except Exception:
            log.exception("a message of vision process %s is invalid", self._process.pid)
            self._process.kill("its message was invalid")

    def connection_lost(self, _error: Exception | None) -> None:
        """Report the end of the process."""
        self._on_end()


def without_secrets(settings: Settings) -> Settings:
    """Return the settings for a vision process: one stream for each model, and no secret."""
    secrets = [name for name, value in settings if isinstance(value, SecretStr)]
    return settings.model_copy(update={**dict.fromkeys(secrets), "obs_access_key": "", "threads": 1})


@contextmanager
def _environment_of_vision() -> Iterator[None]:
    """Start the fork server, if it does not run, without settings, whose values may be secret, and with one thread."""
    removed = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith((PREFIX, "PROMETHEUS_"))}
    threads = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    os.environ.update(dict.fromkeys(threads, "1"))
    try:
        forkserver.ensure_running()
        yield
    finally:
        for name, value in threads.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        os.environ.update(removed)
