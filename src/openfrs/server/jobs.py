"""Periodic jobs of a server: retention, index updates, usage counts, refused logins, audit log and memory trimming."""

import ctypes
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from openfrs.core.clock import utc_now
from openfrs.core.settings import Settings
from openfrs.core.telemetry.metrics import EXPIRED_FACES, RETENTION_FAILURES
from openfrs.services import Services

_INDEXING_SECONDS: Final = 0.5
_USAGE_SECONDS: Final = 1.0
_TRIMMING_SECONDS: Final = 60.0
_REFUSED_LOGINS_SECONDS: Final = 60.0
_PRUNING_SECONDS: Final = 3600.0

log = logging.getLogger("openfrs.schedule")


class PeriodicJob:
    """A thread that runs a function at once and then at an interval. A failure is logged; the next run follows as usual."""

    def __init__(self, job: Callable[[], None], interval_seconds: float) -> None:
        self._job = job
        self._interval_seconds = interval_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after the current run."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._job()
            except Exception:
                log.exception("a periodic job failed")
            if self._stop.wait(self._interval_seconds):
                return


@contextmanager
def retention_runs(services: Services, settings: Settings) -> Iterator[None]:
    """Delete expired faces while the block runs."""
    if not settings.retention_minutes:
        yield
        return
    with _running(lambda: run_retention(services), settings.retention_minutes * 60):
        yield


@contextmanager
def index_updates(services: Services) -> Iterator[None]:
    """Keep the Milvus index, if one is used, up to date while the block runs."""
    if services.index is None:
        yield
        return
    with _running(services.index.indexer.run, _INDEXING_SECONDS):
        yield


@contextmanager
def usage_flushes(services: Services) -> Iterator[None]:
    """Write request counts to the counter storage while the block runs, and once when it ends."""
    with _running(services.usage.flush, _USAGE_SECONDS):
        yield
    try:
        services.usage.flush()
    except Exception:
        log.exception("the request counts of the last second are lost")


@contextmanager
def refused_login_entries(services: Services) -> Iterator[None]:
    """Write an audit entry for the refused logins of each minute while the block runs."""
    with _running(services.failed_logins.flush, _REFUSED_LOGINS_SECONDS):
        yield


@contextmanager
def pruning(services: Services) -> Iterator[None]:
    """Delete old entries of the audit log and expired records every hour while the block runs."""
    with _running(lambda: prune(services), _PRUNING_SECONDS):
        yield


@contextmanager
def memory_trimming() -> Iterator[None]:
    """Return freed memory to the system while the block runs.

    glibc keeps freed memory for the thread that used it, about a quarter of the total once models are compiled and an index is
    loaded. Other C libraries have no ``malloc_trim`` and do not need it.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        yield
        return
    with _running(lambda: trim(0), _TRIMMING_SECONDS):
        yield


@contextmanager
def _running(job: Callable[[], None], interval_seconds: float) -> Iterator[None]:
    periodic_job = PeriodicJob(job, interval_seconds)
    periodic_job.start()
    try:
        yield
    finally:
        periodic_job.stop()


def prune(services: Services) -> None:
    """Delete old entries of the audit log and expired records, unless another process does so or the clock is not plausible."""
    with services.exclusive("pruning") as acquired:
        if acquired and _is_plausible(services, "audit log"):
            services.prune(utc_now())


def _is_plausible(services: Services, affected: str) -> bool:
    hold = services.clock_watch.check()
    if hold is not None:
        log.warning(
            "%s: nothing is deleted from the %s until %s UTC; set the clock, or accept it with openfrs retention run --trust-clock",
            hold,
            affected,
            f"{hold.until:%Y-%m-%d %H:%M}",
        )
    return hold is None


def run_retention(services: Services) -> None:
    """Delete expired faces, unless another process that uses the database does so or the clock is not plausible."""
    try:
        with services.exclusive("retention") as acquired:
            if acquired and _is_plausible(services, "face sets"):
                for result in services.retention_job.run_audited(services.audit):
                    EXPIRED_FACES.inc(result.deleted)
    except BaseException:
        RETENTION_FAILURES.inc()
        raise
