"""The doctor finds what is wrong, each part by itself, and changes nothing."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.data_directories import new_data

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.operations.maintenance.doctor import examine
from openfrs.operations.maintenance.findings import Verdict


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return new_data(tmp_path / "data", "s")


def verdicts(data: Path, cpu: str = "flags : fma avx2 f16c") -> dict[str, tuple[Verdict, str]]:
    cpuinfo = data.with_name("cpuinfo")
    cpuinfo.write_text(cpu)
    found = examine(Settings(data=data, models=data.with_name("models")), cpuinfo=cpuinfo)
    return {finding.part: (finding.verdict, finding.text) for finding in found}


def change(data: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        connection.execute(statement)
        connection.commit()


def wreck(data: Path) -> None:
    path = data / "openfrs.db"
    path.write_bytes(path.read_bytes()[:8192] + b"\xff" * 4096 + path.read_bytes()[12288:])


def test_a_sound_directory_is_well(data: Path) -> None:
    before = {path: path.read_bytes() for path in data.iterdir()}
    found = verdicts(data)
    lacking = found.pop("weights")
    assert lacking[0] is Verdict.ILL
    assert "openfrs models fetch" in lacking[1]
    assert {part: verdict for part, (verdict, _) in found.items() if part != "disk"} == dict.fromkeys(
        ["database", "index", "keys", "permissions", "clock", "processor"], Verdict.WELL
    )
    assert {path: path.read_bytes() for path in data.iterdir()} == before


@pytest.mark.parametrize(
    ("harm", "part", "verdict", "told"),
    [
        (lambda data: change(data, "update face_sets set face_number = 1"), "database", Verdict.ILL, "number of faces"),
        (lambda data: change(data, "update alembic_version set version_num = '9999'"), "database", Verdict.ODD, "9999"),
        (wreck, "database", Verdict.ILL, "restore a backup"),
        (lambda data: (data / "keys.json").unlink(), "keys", Verdict.ILL, "missing"),
        (lambda data: (data / "keys.json").write_text("{}"), "keys", Verdict.ILL, "not a keyring"),
        (lambda data: (data / "keys.json").chmod(0o644), "permissions", Verdict.ODD, "keys.json"),
        (
            lambda data: os.utime(data / "openfrs.db", (time.time() + 7200,) * 2),
            "clock",
            Verdict.ILL,
            "minutes behind",
        ),
    ],
)
def test_what_is_wrong_is_found(
    data: Path, harm: Callable[[Path], object], part: str, verdict: Verdict, told: str
) -> None:
    harm(data)
    found = verdicts(data)
    assert found[part][0] is verdict, found
    assert told in found[part][1]


def test_indexes_that_do_not_fit_the_memory_are_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFRS_INDEX_MEMORY", "1MiB")
    change(data, "insert into templates values (1, zeroblob(1000000))")
    assert verdicts(data)["index"] == (Verdict.WELL, "templates of 1 MiB for 1 MiB of memory")
    change(data, "insert into templates values (2, zeroblob(1000000))")
    verdict, text = verdicts(data)["index"]
    assert verdict is Verdict.ODD
    assert "raise OPENFRS_INDEX_MEMORY" in text


def test_a_processor_without_what_search_wants_is_told(data: Path) -> None:
    assert verdicts(data, "flags : sse2 fma")["processor"] == (
        Verdict.ODD,
        "without avx2, f16c searches are several times slower",
    )


def test_where_there_is_nothing_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="not an OpenFRS data directory"):
        verdicts(tmp_path)
