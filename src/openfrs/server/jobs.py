"""What a server does by itself, now and then: deleting what has expired, keeping index, counters and memory in order."""

import ctypes
import fcntl
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from openfrs.core.settings import Settings
from openfrs.core.telemetry.metrics import EXPIRED, RETENTION_FAILURES
from openfrs.services import Services

_INDEXING_SECONDS: Final = 0.5
_COUNTING_SECONDS: Final = 1.0
_RETURNING_SECONDS: Final = 60.0

log = logging.getLogger("openfrs.schedule")


class Schedule:
    """A thread that does some work at once and then every so many seconds; a failure is logged, and tried again next time."""

    def __init__(self, work: Callable[[], None], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, when the work under way is done."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._work()
            except Exception:
                log.exception("what is scheduled has failed")
            if self._stop.wait(self._seconds):
                return


@contextmanager
def expiring(services: Services, settings: Settings) -> Iterator[None]:
    """Faces that expire are deleted while the block runs; of several processes one does it at a time."""
    if not settings.retention_minutes:
        yield
        return
    turn = settings.data / "retention-turn"
    with _scheduled(lambda: expire(services, turn), settings.retention_minutes * 60):
        yield


@contextmanager
def indexing(services: Services) -> Iterator[None]:
    """The index on a server, if there is one, is brought up to date while the block runs; of several processes one does it."""
    if services.index is None:
        yield
        return
    with _scheduled(services.index.indexer.run, _INDEXING_SECONDS):
        yield


@contextmanager
def counting(services: Services) -> Iterator[None]:
    """Requests that were noted while the block runs are brought to the counters, the last of them when it ends."""
    with _scheduled(services.usage.flush, _COUNTING_SECONDS):
        yield
    try:
        services.usage.flush()
    except Exception:
        log.exception("the last requests are not counted")


@contextmanager
def returning_memory() -> Iterator[None]:
    """Memory that was freed goes back to the system while the block runs.

    glibc keeps it for the thread that had it: a quarter of all, once models are compiled and an index is loaded. Other C
    libraries have no such call and need none.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        yield
        return
    with _scheduled(lambda: trim(0), _RETURNING_SECONDS):
        yield


@contextmanager
def _scheduled(work: Callable[[], None], seconds: float) -> Iterator[None]:
    schedule = Schedule(work, seconds)
    schedule.start()
    try:
        yield
    finally:
        schedule.stop()


def expire(services: Services, turn: Path) -> None:
    """Delete what has expired, unless another process that has the lock on the file is doing it."""
    with turn.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        try:
            for result in services.retention_job.run_audited(services.audit):
                EXPIRED.inc(result.deleted)
        except BaseException:
            RETENTION_FAILURES.inc()
            raise
