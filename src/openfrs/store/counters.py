"""Counters in a file of the data directory: shared by the processes of a node, and kept when they restart."""

import logging
import os
import sqlite3
import threading
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from limits.storage import MovingWindowSupport, Storage

from openfrs.core.counters import MemoryCounters

_log = logging.getLogger(__name__)

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_SWEEP_SECONDS: Final = 10.0
"""Interval between the deletions of expired counters."""

# A commit does not wait for the disk: it survives the end of every process, and may be lost with the power.
_PRAGMAS: Final = ("busy_timeout=5000", "journal_mode=WAL", "synchronous=NORMAL")

_SCHEMA: Final = """
create table if not exists counters (key blob primary key, value integer not null, expires real not null) without rowid;
create index if not exists counters_expires on counters (expires);
create table if not exists entries (key blob not null, at real not null, expires real not null);
create index if not exists entries_key on entries (key, at);
create index if not exists entries_expires on entries (expires);
create table if not exists clock (id integer primary key check (id = 1), boot text, base real, seen real);
"""

_INCREMENT: Final = """
insert into counters values (:key, :amount, :expires) on conflict (key) do update set
    value = iif(expires > :now, value, 0) + :amount, expires = iif(expires > :now, expires, :expires)
returning value
"""

_ACQUIRE: Final = """
insert into entries select :key, :now, :now + :expiry
    where (select count(*) from entries where key = :key and at > :now - :expiry) + :amount <= :limit
returning 1
"""


class FileCounters(Storage, MovingWindowSupport):
    """Counters and moving windows in a SQLite file, or in memory while the file cannot be used, as on a full disk.

    The clock never steps: it counts the seconds that the machine has run, and stands still while it is off.
    """

    STORAGE_SCHEME = ["openfrs-file"]  # noqa: RUF012  # the library registers subclasses by it

    def __init__(self, path: Path) -> None:
        """Open or create the file. A damaged one is replaced.

        Raises:
            OSError: the file cannot be created.
            sqlite3.Error: the file cannot be opened.
        """
        super().__init__()
        self._path = path
        self._lock = threading.Lock()
        self._memory = MemoryCounters()
        self._usable = True
        self._sweep_at = 0.0
        try:
            self._connection, self._base = _open(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            _log.warning("%s is damaged and is created anew, so failed logins count from zero: %s", path, error)
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            self._connection, self._base = _open(path)

    @property
    def base_exceptions(self) -> type[Exception]:
        """The exceptions of the file, which its methods handle."""
        return sqlite3.Error

    def now(self) -> float:
        """Return the time, in seconds, by the clock of the expiries."""
        return self._base + _running_seconds()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter, which expires ``expiry`` seconds after its first increment; return its value."""
        now = self.now()
        rows = self._execute(_INCREMENT, key=key, amount=amount, expires=now + expiry, now=now)
        return self._memory.incr(key, expiry, amount) if rows is None else int(rows[0][0])

    def get(self, key: str) -> int:
        """Return the value of a counter, 0 if there is none."""
        rows = self._execute("select value from counters where key = :key and expires > :now", key=key, now=self.now())
        if rows is None:
            return self._memory.get(key)
        return int(rows[0][0]) if rows else 0

    def get_expiry(self, key: str) -> float:
        """Return the time at which a counter expires."""
        rows = self._execute("select expires from counters where key = :key", key=key)
        if rows is None:
            return self.now() + self._memory.get_expiry(key) - self._memory.now()
        return float(rows[0][0]) if rows else self.now()

    def clear(self, key: str) -> None:
        """Delete a counter."""
        self._memory.clear(key)
        self._execute("delete from counters where key = :key", key=key)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add one entry to a moving window, unless it is full."""
        parameters = {"now": self.now(), "expiry": expiry, "amount": amount, "limit": limit}
        rows = self._execute(_ACQUIRE, key=key, **parameters)
        return self._memory.acquire_entry(key, limit, expiry, amount) if rows is None else bool(rows)

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return the time of the oldest entry in a moving window, and the number of entries."""
        now = self.now()
        statement = "select min(at), count(*) from entries where key = :key and at > :since"
        rows = self._execute(statement, key=key, since=now - expiry)
        if rows is None:
            start, count = self._memory.get_moving_window(key, limit, expiry)
            return start + now - self._memory.now(), count
        return (now, 0) if rows[0][0] is None else (float(rows[0][0]), int(rows[0][1]))

    def check(self) -> bool:
        """Return whether the last operation could use the file."""
        return self._usable

    def reset(self) -> int | None:
        """Delete all counters."""
        self._memory.reset()
        with self._lock:
            self._connection.executescript("delete from counters; delete from entries;")
        return None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _execute(self, statement: str, *, key: str, **parameters: float) -> list[Any] | None:
        """Run one statement, which is a transaction; return its rows, or None if the file cannot be used.

        Keys are hashed: clients choose parts of them, and they do not belong in the file.
        """
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        try:
            with self._lock:
                if self.now() >= self._sweep_at:
                    self._sweep()
                rows = self._connection.execute(statement, {"key": digest, **parameters}).fetchall()
        except sqlite3.Error as error:
            if self._usable:
                self._usable = False
                _log.error("%s cannot be used; this process counts in memory meanwhile: %s", self._path, error)
            return None
        if not self._usable:
            self._usable = True
            _log.info("%s can be used again", self._path)
        return rows

    def _sweep(self) -> None:
        now = self.now()
        self._sweep_at = now + _SWEEP_SECONDS
        for statement in (
            "delete from counters where expires <= :now",
            "delete from entries where expires <= :now",
            "update clock set seen = :now",
        ):
            self._connection.execute(statement, {"now": now})


def _open(path: Path) -> tuple[sqlite3.Connection, float]:
    """Return a connection, and the time at which the machine's uptime began by the clock of the file."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"pragma {pragma}")
        connection.executescript(_SCHEMA)
        connection.execute("begin immediate")
        base = _continued_clock(connection)
        connection.execute("commit")
    except BaseException:
        connection.close()
        raise
    return connection, base


def _continued_clock(connection: sqlite3.Connection) -> float:
    """Return the base of the clock: after a restart of the machine it continues where it was last seen."""
    boot, running = _boot_id(), _running_seconds()
    row = connection.execute("select boot, base, seen from clock").fetchone()
    if row is None:
        connection.execute("insert into clock values (1, ?, 0, ?)", (boot, running))
        return 0.0
    known_boot, base, seen = str(row[0]), float(row[1]), float(row[2])
    if known_boot == boot and base + running >= seen:
        return base
    connection.execute("update clock set boot = ?, base = ?", (boot, seen - running))
    return seen - running


def _boot_id() -> str:
    """Return what identifies this start of the machine; empty where the system does not tell."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""


def _running_seconds() -> float:
    """Return the seconds since the machine started, including those in which it slept, where the system counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
