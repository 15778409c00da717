"""Several processes that serve together: started, waited for, replaced when one dies, told to stop."""

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

LONGEST_PAUSE_SECONDS = 30.0
"""A process that dies before it was ready is replaced after a pause that doubles up to this."""

_spawn = multiprocessing.get_context("spawn")  # a forked child would inherit the locks of threads it does not have


Work = Callable[..., None]
"""What a process does: serve until SIGTERM, and call ``ready``, its one keyword argument, once it can.

An :class:`OperatorError` that it raises is passed on to the process that started it.
"""


class _Child:
    def __init__(self, work: Work, arguments: Sequence[Any]) -> None:
        self.reports, report = _spawn.Pipe(duplex=False)
        self.process: SpawnProcess = _spawn.Process(target=_work, args=(report, work, tuple(arguments)))
        self.process.start()
        report.close()
        self.ready = False
        self.failure = ""

    def listen(self) -> None:
        """Take what the process has reported."""
        try:
            while self.reports.poll():
                message = self.reports.recv()
                self.ready, self.failure = not message, message
        except EOFError:
            pass


def supervise(
    work: Work,
    arguments: Sequence[Any],
    *,
    count: int,
    on_ready: Callable[[], None],
    on_stop: Callable[[], None],
    patience: float,
    passed_on: Iterable[signal.Signals] = (),
    on_end: Callable[[int], None] = lambda _: None,
) -> None:
    """Run ``count`` processes until SIGTERM or SIGINT; return when all have ended.

    ``work`` and its arguments must be picklable. ``on_ready`` is called once, when every process is ready; ``on_stop`` before
    they are told to stop. One that has not ended ``patience`` seconds later is killed. Signals ``passed_on`` go to every
    process that is ready. ``on_end`` is told the id of each that ended before its time.

    Raises:
        OperatorError: a process cannot do its work, or ends before all are ready.
    """
    children: list[_Child] = []
    announced, pause = False, 0.0
    with _stop_signals() as stop, _passing_on(passed_on, children):
        try:
            children += [_Child(work, arguments) for _ in range(count)]
            while True:
                sentinels = [child.process.sentinel for child in children]
                reports = [child.reports for child in children if not child.ready]
                if stop in wait([stop, *sentinels, *reports]):
                    return
                for child in children:
                    child.listen()
                dead = [child for child in children if not child.process.is_alive()]
                if dead and not announced:
                    ended = f"a server process ended with status {dead[0].process.exitcode} before it was ready"
                    raise OperatorError(dead[0].failure or ended)
                if all(child.ready for child in children) and not dead:
                    pause = 0.0
                    if not announced:
                        announced = True
                        on_ready()
                for child in dead:
                    assert child.process.pid is not None
                    on_end(child.process.pid)
                    log.error("process %s ended: %s", child.process.pid, child.failure or child.process.exitcode)
                    if not child.ready:
                        pause = min(max(1.0, 2 * pause), LONGEST_PAUSE_SECONDS)
                        if wait([stop], pause):
                            return
                    children[children.index(child)] = _Child(work, arguments)
        finally:
            on_stop()
            _stop(children, patience)


def _stop(children: Sequence[_Child], patience: float) -> None:
    for child in children:
        child.process.terminate()
    until = time.monotonic() + patience
    for child in children:
        child.process.join(max(0.0, until - time.monotonic()))
        if child.process.is_alive():
            log.error("process %s did not stop and is killed", child.process.pid)
            child.process.kill()
            child.process.join()


@contextmanager
def _stop_signals() -> Iterator[Connection]:
    """A connection that becomes readable when this process is told to stop."""
    stop, write = _spawn.Pipe(duplex=False)
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda *_: write.send_bytes(b"stop")) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _passing_on(signals: Iterable[signal.Signals], children: Sequence[_Child]) -> Iterator[None]:
    """Pass signals on to those children that are ready: the others have no handler yet, and would die of them."""

    def pass_on(number: int, _frame: object) -> None:
        for child in children:
            if child.ready and child.process.pid is not None and child.process.is_alive():
                os.kill(child.process.pid, number)

    previous = {number: signal.signal(number, pass_on) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _work(report: Connection, work: Work, arguments: Sequence[Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to every process; the parent passes on SIGTERM
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(*arguments, ready=lambda: report.send(""))
    except OperatorError as error:
        report.send(str(error))
        raise SystemExit(1) from None


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
