"""Periodic jobs of a server: retention, index updates, usage counts, refused logins, the audit log and metrics of the state."""

import logging
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from openfrs import __version__
from openfrs.core.clock import utc_now
from openfrs.core.settings import Settings
from openfrs.core.telemetry.metrics import (
    BUILD_INFO,
    CERTIFICATE_EXPIRY,
    EXPIRED_FACES,
    FREE_BYTES,
    FULLEST_SET,
    LAST_BACKUP,
    NEARLY_FULL_SETS,
    RETENTION_FAILURES,
)
from openfrs.services import Services
from openfrs.store.data_directory import DataDirectory
from openfrs.store.faces.occupancy import NEARLY_FULL

from .periodic import running
from .tls import Certificate

_INDEXING_SECONDS: Final = 0.5
_USAGE_SECONDS: Final = 1.0
_REFUSED_LOGINS_SECONDS: Final = 60.0
_PRUNING_SECONDS: Final = 3600.0
_STATE_SECONDS: Final = 60.0

log = logging.getLogger("openfrs.schedule")


@contextmanager
def retention_runs(services: Services, settings: Settings) -> Iterator[None]:
    """Delete expired faces while the block runs."""
    if not settings.retention_minutes:
        yield
        return
    with running(lambda: run_retention(services), settings.retention_minutes * 60):
        yield


@contextmanager
def index_updates(services: Services) -> Iterator[None]:
    """Keep the Milvus index, if one is used, up to date while the block runs."""
    if services.index is None:
        yield
        return
    with running(services.index.indexer.run, _INDEXING_SECONDS):
        yield


@contextmanager
def usage_flushes(services: Services) -> Iterator[None]:
    """Write request counts to the counter storage while the block runs, and once when it ends."""
    with running(services.usage.flush, _USAGE_SECONDS):
        yield
    try:
        services.usage.flush()
    except Exception:
        log.exception("the request counts of the last second are lost")


@contextmanager
def refused_login_entries(services: Services) -> Iterator[None]:
    """Write an audit entry for the refused logins of each minute while the block runs."""
    with running(services.failed_logins.flush, _REFUSED_LOGINS_SECONDS):
        yield


@contextmanager
def pruning(services: Services) -> Iterator[None]:
    """Delete old entries of the audit log and expired records every hour while the block runs."""
    with running(lambda: prune(services), _PRUNING_SECONDS):
        yield


@contextmanager
def state_measurements(services: Services, settings: Settings, certificate: Certificate | None) -> Iterator[None]:
    """Set the metrics of the installation's state every minute while the block runs, if metrics are served."""
    if not settings.metrics:
        yield
        return
    with running(lambda: measure_state(services, settings, certificate), _STATE_SECONDS):
        yield


def measure_state(services: Services, settings: Settings, certificate: Certificate | None) -> None:
    """Set the metrics that change without a request: version, certificate, backup, free bytes and full face sets."""
    directory = DataDirectory(settings.data)
    BUILD_INFO.labels(__version__).set(1)
    CERTIFICATE_EXPIRY.set(0 if certificate is None else certificate.expires_at.timestamp())
    made_at = directory.last_backup_at()
    without_backup = 0 if settings.database is None else math.nan
    LAST_BACKUP.set(without_backup if made_at is None else made_at.timestamp())
    FREE_BYTES.set(shutil.disk_usage(directory.path).free)
    shares = [occupancy.share for occupancy in services.read_occupancies()]
    FULLEST_SET.set(max(shares, default=0))
    NEARLY_FULL_SETS.set(sum(share >= NEARLY_FULL for share in shares))


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
