"""Checks of what will go wrong if nothing is done: full face sets and disks, overdue backups and deletions."""

import shutil
from datetime import timedelta
from typing import Final

from pydantic import ByteSize
from sqlalchemy import Connection, text

from openfrs.core.clock import utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.findings import Finding, Status
from openfrs.core.settings import Settings
from openfrs.store.data_directory import DataDirectory
from openfrs.store.faces.occupancy import NEARLY_FULL, count_enrolled, read_occupancies

from .retention import run_retention

_MIN_FREE_BYTES: Final = 1024**3
_GROWTH: Final = timedelta(days=30)
"""Period whose enrolments the forecast of the disk continues, and the shortest time for which the disk should last."""

_MAX_BACKUP_AGE: Final = timedelta(days=7)
_MAX_LISTED: Final = 3
_DAYS_PER_YEAR: Final = 365


def size(count: int) -> str:
    """Return a number of bytes in binary units, such as ``1.5 GiB``."""
    return ByteSize(count).human_readable(separator=" ")


def check_disk(directory: DataDirectory, connection: Connection | None) -> Finding:
    """Compare the free bytes with the need of an upgrade, and forecast them; without a connection there is no forecast."""
    free, used = shutil.disk_usage(directory.path).free, directory.database.stat().st_size
    needed = max(_MIN_FREE_BYTES, 2 * used)
    message = f"{size(free)} free"
    if free < needed:
        return Finding("disk", Status.WARNING, f"{message}; the write-ahead log and an upgrade need {size(needed)}")
    now = utc_now()
    recent, total, oldest = (0, 0, None) if connection is None else count_enrolled(connection, now - _GROWTH)
    if not recent or oldest is None:
        return Finding("disk", Status.OK, message)
    days = max(1.0, min(_GROWTH, now - oldest) / timedelta(days=1))
    lasts = free / (used / total * recent / days)
    if lasts < _GROWTH.days:
        forecast = (
            f"full in {lasts:.0f} days if enrolment goes on as in the last {days:.0f} days; provide a larger disk"
        )
        return Finding("disk", Status.WARNING, f"{message}, {forecast}")
    span = f"{lasts:.0f} days" if lasts < 2 * _DAYS_PER_YEAR else f"{lasts / _DAYS_PER_YEAR:,.0f} years"
    return Finding("disk", Status.OK, f"{message}, enough for {span} of enrolment as in the last {days:.0f} days")


def check_occupancy(connection: Connection) -> Finding:
    """Name the face sets that are nearly full."""
    occupancies = read_occupancies(connection)
    full = [each for each in occupancies if each.share >= NEARLY_FULL]
    if not full:
        fullest = f", the fullest to {occupancies[0].share:.0%}" if occupancies else ""
        return Finding("face sets", Status.OK, f"{len(occupancies):,} face sets{fullest}")
    named = (
        f"{each.name} of project {each.project_id} ({each.faces:,} of {each.capacity:,})" for each in full[:_MAX_LISTED]
    )
    more = f" and {len(full) - _MAX_LISTED:,} more" if len(full) > _MAX_LISTED else ""
    advice = "delete faces, or create a face set with a larger capacity"
    return Finding("face sets", Status.WARNING, f"at least {NEARLY_FULL:.0%} full: {', '.join(named)}{more}; {advice}")


def check_retention(settings: Settings, connection: Connection) -> Finding:
    """Check that the retention rules are applied: that they run, that the clock is trusted, and that no face is overdue."""
    rules = connection.scalar(text("select count(*) from face_sets where retention is not null"))
    if not rules:
        return Finding("retention", Status.OK, "no face set has a rule")
    if connection.scalar(text("select count(*) from clock_watch where held_since is not null")):
        message = (
            "nothing expires, because the clock was found to be far beyond the newest write; see openfrs retention run"
        )
        return Finding("retention", Status.WARNING, message)
    interval = timedelta(minutes=settings.retention_minutes)
    try:
        expired = run_retention(settings, dry=True, clock=lambda: utc_now() - 2 * interval)
        overdue = sum(result.deleted for result in expired)
    except OperatorError as error:
        return Finding("retention", Status.FAILED, str(error))
    if overdue:
        reason = "see the server's log" if interval else "OPENFRS_RETENTION_MINUTES is 0, so the server deletes none"
        message = (
            f"{overdue:,} faces have expired and are not deleted: {reason}, or delete them with openfrs retention run"
        )
        return Finding("retention", Status.WARNING, message)
    return Finding("retention", Status.OK, f"{rules:,} face sets with a rule, no face is overdue")


def check_backup(directory: DataDirectory) -> Finding:
    """Check the age of the last backup."""
    made_at = directory.last_backup_at()
    if made_at is None:
        return Finding("backup", Status.WARNING, "none was made with openfrs backup")
    age = utc_now() - made_at
    message = f"the last one was made {_days(age)} ago"
    if age > _MAX_BACKUP_AGE:
        return Finding("backup", Status.WARNING, f"{message}; run openfrs backup regularly")
    return Finding("backup", Status.OK, message)


def check_embedder(connection: Connection, embedder: str) -> Finding:
    """Check that the face sets have templates of the embedder that the settings name."""
    query = "select count(*) from face_sets where embedder != :embedder"
    others = connection.scalar(text(query), {"embedder": embedder})
    if others:
        message = f"{others:,} face sets have templates of another embedder than {embedder} and reject images"
        return Finding("embedder", Status.FAILED, f"{message}; set OPENFRS_EMBEDDER, or run openfrs reindex")
    return Finding("embedder", Status.OK, f"{embedder}, that of all face sets")


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span >= timedelta(days=2) else f"{span / timedelta(hours=1):.0f} hours"
