"""A vision process: it loads the models and runs jobs one at a time, piece by piece, as the server process decides.

It has no secrets, ignores signals that stop a server, and ends with the server process or its connection.
"""

import gc
import multiprocessing
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final

import greenlet

from openfrs.core.checkpoints import AbandonedError, Work, working
from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.settings import Settings
from openfrs.core.telemetry import logs
from openfrs.core.telemetry.stages import collecting_stages, loading_seconds
from openfrs.server.periodic import memory_trimming
from openfrs.vision.identity import ModelIdentity

from .messages import HEADER, Drop, Ended, Paused, Ready, Resume, Start, Unusable, encode

if TYPE_CHECKING:
    from openfrs.vision.pipeline import Pipeline

FIRST_PIECE_SECONDS: Final = 0.05
PIECE_SECONDS: Final = 0.01
"""A job pauses at the first checkpoint after this time; checkpoints are at most a network's run apart. The first piece is longer
than most searches and comparisons take."""

_RECEIVED_BYTES: Final = 1 << 20


def run_vision_process(
    connection: socket.socket, settings: Settings, load_pipeline: Callable[[Settings], "Pipeline"]
) -> None:
    """Load the models and run jobs until the connection ends."""
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to every process of a terminal or a service
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_server, daemon=True).start()
    logs.configure(settings)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (settings.vision_memory, settings.vision_memory))
    with connection, suppress(ConnectionError):
        try:
            pipeline = load_pipeline(settings)
        except OperatorError as error:
            _send(connection, Unusable(str(error)))
            return
        _send(connection, Ready(ModelIdentity.of(pipeline), loading_seconds))
        gc.collect()
        gc.freeze()
        with memory_trimming():
            _Jobs(connection, pipeline).run()


class _Jobs:
    """The jobs of this process, of which one runs and the others are paused."""

    def __init__(self, connection: socket.socket, pipeline: "Pipeline") -> None:
        self._connection = connection
        self._pipeline = pipeline
        self._paused: dict[int, _Job] = {}
        self._loaded = len(loading_seconds)

    def run(self) -> None:
        """Obey the messages of the server process."""
        for message in _received(self._connection):
            match message:
                case Start(task_id, job, arguments):
                    self._continue(_Job(task_id, job, (self._pipeline, *arguments)))
                case Resume(task_id):
                    self._continue(self._paused.pop(task_id))
                case Drop(task_id):
                    self._paused.pop(task_id).abandon()

    def _continue(self, job: "_Job") -> None:
        ended = job.run_piece()
        if ended is None:
            self._paused[job.task_id] = job
            _send(self._connection, Paused(job.task_id))
            return
        if len(loading_seconds) > self._loaded:
            self._loaded = len(loading_seconds)
            ended = replace(ended, loading_seconds=loading_seconds)
        _send(self._connection, ended)


class _Job(Work):
    """A job on a stack of its own, which is left at checkpoints."""

    def __init__(self, task_id: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.task_id = task_id
        self._function = function
        self._arguments = arguments
        self._greenlet = greenlet.greenlet(self._run)
        self._ended: Ended | None = None
        self._abandoned = False
        self._pause_at = time.monotonic() + FIRST_PIECE_SECONDS

    def run_piece(self) -> Ended | None:
        """Run until the job ends, or pauses at a checkpoint: then return None."""
        self._greenlet.switch()
        return self._ended

    def abandon(self) -> None:
        """End the paused job: it cleans up."""
        self._abandoned = True
        self._greenlet.switch()

    def checkpoint(self) -> None:
        """Pause if the piece was long enough.

        Raises:
            AbandonedError: the server process has dropped the job.
        """
        now = time.monotonic()
        if self._abandoned or now < self._pause_at:
            return
        assert self._greenlet.parent is not None
        self._greenlet.parent.switch()
        resumed = time.monotonic()
        self.paused_seconds += resumed - now
        self._pause_at = resumed + PIECE_SECONDS
        if self._abandoned:
            raise AbandonedError

    def _run(self) -> None:
        result, error, text, out_of_memory = None, None, "", False
        with working(self), collecting_stages() as stages:
            try:
                result = self._function(*self._arguments)
            except AbandonedError:
                pass
            except ServiceError as raised:
                error = raised
            except MemoryError:
                out_of_memory = True
            except Exception:
                text = traceback.format_exc()
        self._ended = Ended(self.task_id, result, error, text, out_of_memory, stages)


def _received(connection: socket.socket) -> Iterator[Any]:
    """Yield the messages of the server process until it ends."""
    while True:
        header = _read(connection, HEADER.size)
        if header is None:
            return
        content = _read(connection, *HEADER.unpack(header))
        if content is None:
            return
        yield pickle.loads(content)  # noqa: S301  # the server process is trusted


def _read(connection: socket.socket, size: int) -> bytearray | None:
    content, received = bytearray(size), 0
    view = memoryview(content)
    while received < size:
        count = connection.recv_into(view[received : received + _RECEIVED_BYTES])
        if not count:
            return None
        received += count
    return content


def _send(connection: socket.socket, message: object) -> None:
    connection.sendall(b"".join(encode(message)))


def _end_with_server() -> None:
    """End this process at once, even within a piece, when the server process has ended."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
