"""Kill processes that write to the store at random moments, and check the database.

Run as a program: ``python -m tests.system.chaos --cycles 200``. Each writer reports a step through a pipe before it runs it, and
reports it as done after the store has acknowledged it. After the kill the database must contain every acknowledged step and, for
each writer, either all or nothing of its unacknowledged step.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from openfrs.core.geometry import BoundingBox
from openfrs.store.db.sqlite import SqliteDatabase
from openfrs.store.faces import key_rotation
from openfrs.store.faces.changes import TEMPLATE_TYPE
from openfrs.store.faces.models import FaceSet, Match, NewFace
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from tests.support.old_schema import current_revision, head_revision, migrate
from tests.support.store_accounts import PROJECT, create_account
from tests.support.waiting import pause

DIMENSION = 64
SETS = 2
WRITERS = 2

State = dict[str, dict[str, tuple[str, int, int]]]
"""Face sets by name: faces by id: external image id, custom field, the seed of the template."""

Rows = dict[str, dict[str, tuple[str, int, bytes]]]
"""The same as stored in the database: the template in place of its seed."""

Step = tuple[Any, ...]
"""Operation, face set and arguments; a list in JSON."""


def apply(state: State, step: Step) -> State:
    """Return the state after a step."""
    operation, name, *rest = step
    after = {key: dict(value) for key, value in state.items()}
    match operation:
        case "create":
            after[name] = {}
        case "drop":
            del after[name]
        case "add":
            after[name] |= {face_id: (image, 0, seed) for face_id, image, seed in rest[0]}
        case "update":
            face_id, number = rest
            image, _, seed = after[name][face_id]
            after[name][face_id] = image, number, seed
        case "delete":
            del after[name][rest[0]]
        case "delete many":
            after[name] = {key: face for key, face in after[name].items() if face[0] != rest[0]}
    return after


def perform(repository: FaceRepository, step: Step) -> None:
    """Run a step on the store."""
    operation, name, *rest = step
    face_set = repository.find_set(PROJECT, name)
    if operation == "create":
        assert face_set is None
        created_at = datetime(2026, 1, 1, tzinfo=UTC)
        public_id = name.rjust(8, "0")
        new = FaceSet(0, PROJECT, name, public_id, 100_000, 0, 0, "sface", {"n": {"type": "long"}}, created_at)
        repository.create_set(new, limit=1000)
        return
    assert face_set is not None
    match operation:
        case "drop":
            assert repository.delete_set(PROJECT, name) == face_set.id
        case "add":
            box = BoundingBox(0, 0, 1, 1)
            faces = [NewFace(face_id, image, box, {"n": 0}, vector(seed)) for face_id, image, seed in rest[0]]
            repository.add(face_set.id, faces)
        case "update":
            assert repository.update(face_set.id, rest[0], external_image_id=None, fields={"n": rest[1]})
        case "delete":
            assert repository.delete(face_set.id, Match(face_id=rest[0])) == 1
        case "delete many":
            assert repository.delete(face_set.id, Match(external_image_id=rest[0]))


def vector(seed: int) -> npt.NDArray[np.float32]:
    """Return a unit vector."""
    values = np.random.default_rng(seed).normal(size=DIMENSION)
    return np.asarray(values / np.linalg.norm(values), np.float32)


def choose(rng: random.Random, writer: int, state: State) -> Step:
    """Return a random step on one of the writer's face sets."""
    name = f"w{writer}s{rng.randrange(SETS)}"
    faces = state.get(name)
    if faces is None:
        return "create", name
    kind = rng.random()
    if kind < 0.45 or not faces:
        count = rng.choice((1, 1, 1, 3, 100))
        ids = [f"{writer}{rng.randrange(10**7):07d}" for _ in range(count)]
        return (
            "add",
            name,
            [(face_id, str(rng.randrange(4)), rng.randrange(10**6)) for face_id in set(ids) - set(faces)],
        )
    face_id = rng.choice(sorted(faces))
    if kind < 0.65:
        return "update", name, face_id, rng.randrange(1, 10 ** rng.randrange(1, 15))
    if kind < 0.85:
        return "delete", name, face_id
    if kind < 0.95:
        return "delete many", name, faces[face_id][0]
    return "drop", name


def stored(path: Path) -> Rows:
    """Return the contents of the database; fails on a partial write."""
    with contextlib.closing(sqlite3.connect(path)) as connection:

        def query(sql: str) -> list[Any]:
            return connection.execute(sql).fetchall()

        assert query("pragma integrity_check") == [("ok",)]
        assert query("pragma foreign_key_check") == []
        assert query("select count(*) from faces where set_id not in (select id from face_sets)") == [(0,)]
        assert query("select count(*) from tombstones where set_id not in (select id from face_sets)") == [(0,)]
        assert query("select count(*) from tombstones where seq in (select seq from faces)") == [(0,)]
        miscounted = (
            "select name from face_sets s where face_number != (select count(*) from faces where set_id = s.id)"
        )
        assert query(miscounted) == []
        newer = "select count(*) from faces f join face_sets s on s.id = f.set_id where f.version > s.version"
        assert query(newer) == [(0,)]
        state: Rows = {name: {} for (name,) in query("select name from face_sets")}
        assert query("select count(*) from templates where seq not in (select seq from faces)") == [(0,)]
        rows = (
            "select s.name, face_id, external_image_id, f.fields, template from faces f left join templates using (seq)"
        )
        rows += " join face_sets s on s.id = set_id"
        for name, face_id, image, fields, template in query(rows):
            assert len(template) == DIMENSION * TEMPLATE_TYPE.itemsize
            state[name][face_id] = image, json.loads(fields)["n"], template
    return state


def same(actual: Rows, expected: State) -> bool:
    """Return whether the database holds the expected state, with equal template bytes."""
    expected_rows = {
        name: {
            key: (image, number, vector(seed).astype(TEMPLATE_TYPE).tobytes())
            for key, (image, number, seed) in faces.items()
        }
        for name, faces in expected.items()
    }
    return actual == expected_rows


@dataclass
class Writer:
    """A writing process and its output."""

    number: int
    process: int
    pipe: int

    @classmethod
    def start(cls, path: Path, number: int, state: State, seed: int) -> "Writer":
        """Fork; the caller must have no database open and no threads of its own."""
        reading, writing = os.pipe()
        process = os.fork()
        if process:
            os.close(writing)
            return cls(number, process, reading)
        try:
            os.close(reading)
            work(path, number, state, seed, lambda line: os.write(writing, json.dumps(line).encode() + b"\n"))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)  # a writer runs until it is killed

    def wait_for_first_step(self) -> bytes:
        """Wait for the output of the first step."""
        return os.read(self.pipe, 1 << 20)

    def kill(self) -> None:
        """Kill the process."""
        os.kill(self.process, signal.SIGKILL)
        _, status = os.waitpid(self.process, 0)
        assert os.WIFSIGNALED(status), "a writer exited before it was killed"

    def read(self, first_output: bytes) -> tuple[list[Step], list[Step]]:
        """Return the acknowledged steps, and the unacknowledged one, if any."""
        output = first_output
        while chunk := os.read(self.pipe, 1 << 20):
            output += chunk
        os.close(self.pipe)
        lines = [json.loads(line) for line in output.split(b"\n") if line.endswith((b"]", b'"done"'))]
        done: list[Step] = []
        pending: list[Step] = []
        for line in lines:
            if line == "done":
                done += pending
                pending = []
            else:
                pending = [tuple(line)]
        return done, pending


def work(path: Path, number: int, state: State, seed: int, report: Callable[[Any], object]) -> None:
    """Write until killed."""
    rng = random.Random(seed)
    repository = FaceRepository(SqliteDatabase(path))
    while True:
        step = choose(rng, number, state)
        report(step)
        perform(repository, step)
        report("done")
        state = apply(state, step)


@dataclass
class Tally:
    """Results of killing writers."""

    seconds: list[float] = field(default_factory=list)
    """Duration of each reopening of the database."""

    acknowledged: int = 0
    """Acknowledged steps."""

    kept: int = 0
    """Unacknowledged steps that are in the database."""

    undone: int = 0
    """Unacknowledged steps that are not in the database."""


def kill_writers(path: Path, cycles: int, rng: random.Random) -> Tally:
    """Run writers, kill them and check the database, ``cycles`` times."""
    tally = Tally()
    state: State = {}
    create_account(path)
    for cycle in range(cycles):
        writers = [Writer.start(path, number, state, rng.randrange(10**9)) for number in range(WRITERS)]
        first_outputs = [writer.wait_for_first_step() for writer in writers]
        for writer in writers:
            pause(rng.uniform(0, 0.15))  # the surviving writer must not wait for a lock of the killed one
            writer.kill()
        started = time.perf_counter()
        SqliteDatabase(path).close()
        tally.seconds.append(time.perf_counter() - started)
        actual = stored(path)
        possible = [(state, 0)]
        unacknowledged = 0
        for writer, first in zip(writers, first_outputs, strict=True):
            done, pending = writer.read(first)
            tally.acknowledged += len(done)
            unacknowledged += len(pending)
            for step in done:
                possible = [(apply(each, step), kept) for each, kept in possible]
            possible += [(apply(each, step), kept + 1) for each, kept in possible for step in pending]
        fitting = [(each, kept) for each, kept in possible if same(actual, each)]
        assert fitting, f"cycle {cycle}: the database differs from the acknowledged steps"
        state, kept = fitting[0]
        tally.kept += kept
        tally.undone += unacknowledged - kept
    return tally


def kill_migrations(folder: Path, cycles: int, rng: random.Random) -> Iterator[str]:
    """Kill a process that migrates an old database; yields the revision afterwards."""
    old = folder / "old.db"
    migrate(old, "0001")
    with contextlib.closing(sqlite3.connect(old)) as connection:
        connection.execute("insert into domains values ('d', 'd')")
        connection.execute("insert into projects values ('p', 'd', 'p')")
        connection.execute(
            "insert into face_sets values (1, 'p', 's', '1', 10000, 500, 1, 'sface', '{}', '2026-01-01 00:00:00')"
        )
        face = "insert into faces values (?, 1, ?, 'x', 0, 0, 1, 1, '{}', ?, 1)"
        connection.executemany(face, [(seq, f"{seq:08d}", os.urandom(256)) for seq in range(1, 501)])
        connection.commit()
        columns = "seq, set_id, face_id, external_image_id, fields, template, version"
        faces = connection.execute(f"select {columns} from faces").fetchall()
    content = old.read_bytes()
    longest = 0.0
    for cycle in range(cycles):
        path = folder / f"migrated{cycle}.db"
        path.write_bytes(content)
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            os.write(writing, b"x")
            SqliteDatabase(path)
            os.write(writing, b"x")
            os._exit(0)
        os.close(writing)
        os.read(reading, 1)
        started = time.perf_counter()
        if cycle:
            pause(rng.uniform(0.3, 1.1) * longest)
            os.kill(process, signal.SIGKILL)
        else:
            os.read(reading, 1)
            longest = time.perf_counter() - started
        os.close(reading)
        os.waitpid(process, 0)
        revision = current_revision(path)
        assert revision in {"0001", head_revision()}
        SqliteDatabase(path).close()
        assert current_revision(path) == head_revision()
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
            assert connection.execute(f"select {columns} from faces join templates using (seq)").fetchall() == faces
        yield revision


def kill_key_rotations(folder: Path, cycles: int, rng: random.Random) -> int:
    """Kill a process that rotates the keys of templates; returns the number of rotations."""
    path, master_key = folder / "keys.db", rng.randbytes(32)
    create_account(path)
    database = SqliteDatabase(path)
    perform(FaceRepository(database), ("create", "a"))
    ids = [f"{number:08d}" for number in range(2000)]
    perform(FaceRepository(database), ("add", "a", [(face_id, "x", seed) for seed, face_id in enumerate(ids)]))
    database.close()
    expected = np.array([vector(seed).astype(TEMPLATE_TYPE) for seed in range(len(ids))])
    keys = set[bytes]()
    for _ in range(cycles):
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            database = SqliteDatabase(path)
            os.write(writing, b"x")
            while True:
                key_rotation.encrypt(database, master_key, lambda _: None)
                key_rotation.rotate_project_keys(database, master_key, lambda _: None)
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        pause(rng.uniform(0, 0.3))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        database = SqliteDatabase(path)
        with database.read() as connection:
            (wrapped,) = connection.exec_driver_sql("select max(wrapped) from project_keys").one()
            templates = Templates(None if wrapped is None else master_key)
            templates.check(connection)
            (set_id,) = connection.exec_driver_sql("select id from face_sets").one()
            rows = connection.exec_driver_sql(
                "select face_id, template from faces join templates using (seq) order by seq"
            ).all()
            face_ids, stored_templates = zip(*rows, strict=True)
            decoded = templates.of_set(connection, set_id).decode(face_ids, stored_templates)
            assert np.array_equal(decoded, expected)
        database.close()
        keys.add(wrapped or b"")
    return len(keys)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cycles of each kind and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--migrations", type=int, default=50)
    parser.add_argument("--keys", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args(arguments)
    rng = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="openfrs-chaos-") as folder:
        tally = kill_writers(Path(folder, "x.db"), options.cycles, rng)
        print(
            f"{options.cycles} times {WRITERS} writers killed: all {tally.acknowledged} acknowledged writes are present;"
        )
        print(f"of the unacknowledged writes {tally.kept} are complete and {tally.undone} absent")
        milliseconds = np.array(tally.seconds) * 1000
        print(f"reopened in {np.median(milliseconds):.0f} ms (median), {milliseconds.max():.0f} ms (longest)")
        revisions = list(kill_migrations(Path(folder), options.migrations, rng))
        print(
            f"{len(revisions)} migrations killed: {revisions.count('0001')} left the old schema, "
            f"{revisions.count(head_revision())} the new one"
        )
        key_count = kill_key_rotations(Path(folder), options.keys, rng)
        print(f"{options.keys} key rotations killed: every template is readable, with {key_count} different keys")


if __name__ == "__main__":
    main()
