"""Worker processes: start, readiness, replacement after an unexpected exit, and shutdown."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from openfrs.core.errors import OperatorError

log = logging.getLogger("openfrs.supervisor")

MAX_RESTART_DELAY_SECONDS = 30.0
"""Upper limit of the delay, doubled each time, before a worker that exited during start-up is replaced."""

_spawn = multiprocessing.get_context("spawn")  # a forked worker inherits locks held by threads that it lacks


WorkerTarget = Callable[..., None]
"""Runs in a worker process until SIGTERM, and calls ``on_ready``, its only keyword argument, when it is ready.

The parent process raises an :class:`OperatorError` of the target again.
"""


class _Worker:
    def __init__(self, target: WorkerTarget, arguments: Sequence[Any]) -> None:
        self.reports, report = _spawn.Pipe(duplex=False)
        self.process: SpawnProcess = _spawn.Process(target=_run_target, args=(report, target, tuple(arguments)))
        self.process.start()
        report.close()
        self.ready = False
        self.failure = ""

    def read_reports(self) -> None:
        """Update ``ready`` and ``failure`` from the messages of the process."""
        try:
            while self.reports.poll():
                message = self.reports.recv()
                self.ready, self.failure = not message, message
        except EOFError:
            pass


def run_workers(
    target: WorkerTarget,
    arguments: Sequence[Any],
    *,
    count: int,
    on_ready: Callable[[], None],
    on_stop: Callable[[], None],
    stop_timeout_seconds: float,
    forwarded_signals: Iterable[signal.Signals] = (),
    on_unexpected_exit: Callable[[int], None] = lambda _: None,
) -> None:
    """Run ``count`` processes until SIGTERM or SIGINT, and return when all have exited.

    ``target`` and ``arguments`` must be picklable. ``on_ready`` is called once, when every process is ready, and ``on_stop`` before
    the processes are stopped. A process that runs ``stop_timeout_seconds`` later is killed. ``forwarded_signals`` are sent to every
    ready process. ``on_unexpected_exit`` receives the process ID of each process that is replaced.

    Raises:
        OperatorError: A process fails, or exits before all are ready.
    """
    workers: list[_Worker] = []
    all_ready, delay = False, 0.0
    with _stop_signals() as stop, _forwarding(forwarded_signals, workers):
        try:
            workers += [_Worker(target, arguments) for _ in range(count)]
            while True:
                sentinels = [worker.process.sentinel for worker in workers]
                reports = [worker.reports for worker in workers if not worker.ready]
                if stop in wait([stop, *sentinels, *reports]):
                    return
                for worker in workers:
                    worker.read_reports()
                dead = [worker for worker in workers if not worker.process.is_alive()]
                if dead and not all_ready:
                    reason = f"a server process exited with status {dead[0].process.exitcode} before it was ready"
                    raise OperatorError(dead[0].failure or reason)
                if all(worker.ready for worker in workers) and not dead:
                    delay = 0.0
                    if not all_ready:
                        all_ready = True
                        on_ready()
                for worker in dead:
                    assert worker.process.pid is not None
                    on_unexpected_exit(worker.process.pid)
                    log.error("process %s exited: %s", worker.process.pid, worker.failure or worker.process.exitcode)
                    if not worker.ready:
                        delay = min(max(1.0, 2 * delay), MAX_RESTART_DELAY_SECONDS)
                        if wait([stop], delay):
                            return
                    workers[workers.index(worker)] = _Worker(target, arguments)
        finally:
            on_stop()
            _stop(workers, stop_timeout_seconds)


def _stop(workers: Sequence[_Worker], timeout_seconds: float) -> None:
    for worker in workers:
        worker.process.terminate()
    deadline = time.monotonic() + timeout_seconds
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.is_alive():
            log.error("process %s did not stop in time; it is killed", worker.process.pid)
            worker.process.kill()
            worker.process.join()


@contextmanager
def _stop_signals() -> Iterator[Connection]:
    """Yield a connection that becomes readable on SIGTERM or SIGINT."""
    stop, write = _spawn.Pipe(duplex=False)
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda *_: write.send_bytes(b"stop")) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _forwarding(signals: Iterable[signal.Signals], workers: Sequence[_Worker]) -> Iterator[None]:
    """Forward signals to workers that are ready; the others have no handler yet and would be terminated."""

    def forward(number: int, _frame: object) -> None:
        for worker in workers:
            if worker.ready and worker.process.pid is not None and worker.process.is_alive():
                os.kill(worker.process.pid, number)

    previous = {number: signal.signal(number, forward) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _run_target(report: Connection, target: WorkerTarget, arguments: Sequence[Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends SIGINT to every process; the parent sends SIGTERM
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        target(*arguments, on_ready=lambda: report.send(""))
    except OperatorError as error:
        report.send(str(error))
        raise SystemExit(1) from None


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
