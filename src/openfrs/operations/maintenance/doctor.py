"""Looking whether a data directory and its machine are well, and saying what to do where they are not."""

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from openfrs.accounts.keyring import KeyFile, Keyring
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.store.db.base import HEAD
from openfrs.store.opening import require_data
from openfrs.vision.weights.cache import State, WeightCache

from .findings import Finding, Verdict

_ROOM: Final = 1024**3
_AHEAD_SECONDS: Final = 900.0
_CPU_FEATURES: Final = frozenset(["avx2", "f16c", "fma"])


def examine(settings: Settings, *, cpuinfo: Path = Path("/proc/cpuinfo")) -> Iterator[Finding]:
    """The findings about every part; nothing is changed, and a server may run.

    Raises:
        OperatorError: there is no data directory.
    """
    require_data(settings)
    if settings.database is not None:
        from .doctor_shared import examine_shared  # with the driver, which only those have who want it

        yield from examine_shared(settings)
        yield _weights(settings)
        yield _processor(cpuinfo)
        return
    data = settings.data
    yield _asked("database", lambda: _database(data / "openfrs.db"))
    yield _asked("index", lambda: _index(data / "openfrs.db", settings.index_memory))
    yield _asked("keys", lambda: _keys(data / "keys.json"))
    yield _permissions(data)
    yield _weights(settings)
    yield _clock(data / "openfrs.db")
    yield _disk(data)
    yield _processor(cpuinfo)


def _asked(part: str, ask: Callable[[], Finding]) -> Finding:
    try:
        return ask()
    except (OperatorError, sqlite3.Error, OSError) as error:
        return Finding(part, Verdict.ILL, f"{error}; restore a backup")


@contextlib.contextmanager
def _looking(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path)) as connection:  # one opened read-only would leave its files behind
        connection.execute("pragma query_only=on")
        yield connection


def _database(path: Path) -> Finding:
    with _looking(path) as connection:
        ((found,),) = connection.execute("pragma integrity_check(1)").fetchall()
        if found != "ok":
            return Finding("database", Verdict.ILL, f"it is damaged ({' '.join(found.split())}); restore a backup")
        ((schema,),) = connection.execute("select version_num from alembic_version").fetchall()
        if schema != HEAD:
            text = f"it has schema {schema}, this release {HEAD}; the next start brings an older one up, and refuses a newer one"
            return Finding("database", Verdict.ODD, text)
        wrong = "select name from face_sets s where face_number != (select count(*) from faces where set_id = s.id)"
        if miscounted := connection.execute(wrong).fetchall():
            return Finding(
                "database", Verdict.ILL, f"{len(miscounted)} face sets have another number of faces than they say"
            )
        lost = "select count(*) from faces where seq not in (select seq from templates)"
        ((missing,),) = connection.execute(lost).fetchall()
        if missing:
            return Finding("database", Verdict.ILL, f"{missing} faces have no template; restore a backup or reindex")
        ((faces,),) = connection.execute("select count(*) from faces").fetchall()
    return Finding("database", Verdict.WELL, f"{faces:,} faces, each with its template")


def _index(path: Path, memory: int) -> Finding:
    """Whether there is memory for the indexes of all face sets. They have no file: a search makes the one that it lacks."""
    with _looking(path) as connection:
        ((needed,),) = connection.execute("select coalesce(sum(length(template) + 8), 0) from templates").fetchall()
    text = f"templates of {needed / 2**20:,.0f} MiB for {memory / 2**20:,.0f} MiB of memory"
    if needed > memory:
        advice = "indexes will be dropped and made anew; raise OPENFRS_INDEX_MEMORY if searches wait for that"
        return Finding("index", Verdict.ODD, f"{text}: {advice}")
    return Finding("index", Verdict.WELL, text)


def _keys(path: Path) -> Finding:
    if not path.exists():
        return Finding("keys", Verdict.ILL, f"{path} is missing: no token or access key is good; restore a backup")
    Keyring(KeyFile(path))
    return Finding("keys", Verdict.WELL, "they can be read")


def _permissions(data: Path) -> Finding:
    open_ones = [path for path in (data, *data.iterdir()) if path.stat().st_mode & 0o077]
    if not open_ones:
        return Finding("permissions", Verdict.WELL, "only the owner can read")
    names = ", ".join(path.name for path in open_ones)
    return Finding("permissions", Verdict.ODD, f"others can reach {names}; run chmod -R go= {data}")


def _weights(settings: Settings) -> Finding:
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    try:
        weights.require()
    except OperatorError as error:
        return Finding("weights", Verdict.ILL, str(error))
    lacking = [name for name, state in weights.states().items() if state is not State.READY]
    if lacking:
        text = f"{', '.join(lacking)} are missing or altered, and what needs them is left out; run openfrs models fetch"
        return Finding("weights", Verdict.ODD, text)
    return Finding("weights", Verdict.WELL, "complete")


def _clock(path: Path) -> Finding:
    ahead = path.stat().st_mtime - time.time()
    if ahead > _AHEAD_SECONDS:
        text = (
            f"it is {ahead / 60:.0f} minutes behind the last write: signatures and tokens will be refused; set it (NTP)"
        )
        return Finding("clock", Verdict.ILL, text)
    return Finding("clock", Verdict.WELL, "not behind the last write")


def _disk(data: Path) -> Finding:
    free = shutil.disk_usage(data).free
    needed = max(_ROOM, 2 * (data / "openfrs.db").stat().st_size)
    if free < needed:
        return Finding(
            "disk", Verdict.ODD, f"{free:,} bytes are free; {needed:,} leave room for the log and an upgrade"
        )
    return Finding("disk", Verdict.WELL, f"{free:,} bytes are free")


def _processor(cpuinfo: Path) -> Finding:
    try:
        flags = {word for line in cpuinfo.read_text().splitlines() if line.startswith("flags") for word in line.split()}
    except OSError:
        flags = set()
    if not flags:
        return Finding("processor", Verdict.WELL, "it does not say what it can do")
    if lacking := sorted(_CPU_FEATURES - flags):
        return Finding("processor", Verdict.ODD, f"without {', '.join(lacking)} searches are several times slower")
    return Finding("processor", Verdict.WELL, "it has what search wants")
