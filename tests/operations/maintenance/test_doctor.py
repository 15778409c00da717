"""The doctor reports each fault separately and changes nothing."""

import base64
import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from openfrs import __version__
from openfrs.accounts.keyring import KeyFile, Keyring
from openfrs.core.errors import OperatorError
from openfrs.core.findings import Status
from openfrs.core.settings import Settings
from openfrs.operations.maintenance.doctor import examine
from openfrs.operations.maintenance.keys import encrypt_templates
from openfrs.operations.transfer.backup import back_up
from openfrs.services import prepare
from tests.support.data_directories import new_data


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return new_data(tmp_path / "data", "s")


def statuses(data: Path, cpu: str = "flags : fma avx2 f16c") -> dict[str, tuple[Status, str]]:
    cpuinfo = data.with_name("cpuinfo")
    cpuinfo.write_text(cpu)
    findings = examine(Settings(data=data, models=data.with_name("models")), cpuinfo=cpuinfo)
    return {finding.part: (finding.status, finding.text) for finding in findings}


def change(data: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        connection.execute(statement)
        connection.commit()


def foreign_keys(data: Path) -> str:
    """Return the keys of another installation."""
    other = KeyFile(data.with_name("other-keys.json"))
    Keyring(other)
    return other.read() or ""


def damage(data: Path) -> None:
    path = data / "openfrs.db"
    path.write_bytes(path.read_bytes()[:8192] + b"\xff" * 4096 + path.read_bytes()[12288:])


def test_intact_directory_is_ok(data: Path) -> None:
    back_up(data, data.with_name("backup"))
    before = {path: path.read_bytes() for path in data.iterdir()}
    findings = statuses(data)
    weights = findings.pop("weights")
    assert weights[0] is Status.FAILED
    assert "openfrs models fetch" in weights[1]
    assert {part: status for part, (status, _) in findings.items() if part != "disk"} == dict.fromkeys(
        [
            "version",
            "database",
            "index",
            "keys",
            "face sets",
            "retention",
            "permissions",
            "clock",
            "backup",
            "processor",
        ],
        Status.OK,
    )
    assert __version__ in findings["version"][1]
    assert {path: path.read_bytes() for path in data.iterdir()} == before


@pytest.mark.parametrize(
    ("harm", "part", "status", "text"),
    [
        (
            lambda data: change(data, "update face_sets set face_number = 1"),
            "database",
            Status.FAILED,
            "number of faces",
        ),
        (
            lambda data: change(data, "update alembic_version set version_num = '9999'"),
            "database",
            Status.WARNING,
            "9999",
        ),
        (damage, "database", Status.FAILED, "restore a backup"),
        (lambda data: (data / "keys.json").unlink(), "keys", Status.FAILED, "missing"),
        (
            lambda data: KeyFile(data / "keys.json").update(lambda _: foreign_keys(data)),
            "keys",
            Status.FAILED,
            "another",
        ),
        (
            lambda data: (data / "keys.json").write_text("{}"),
            "keys",
            Status.FAILED,
            "cannot be read as an OpenFRS keyring",
        ),
        (lambda data: (data / "keys.json").chmod(0o644), "permissions", Status.WARNING, "keys.json"),
        (
            lambda data: os.utime(data / "openfrs.db", (time.time() + 7200,) * 2),
            "clock",
            Status.FAILED,
            "minutes behind",
        ),
        (
            lambda data: os.utime(data / "openfrs.db", (time.time() - 3 * 86_400,) * 2),
            "clock",
            Status.WARNING,
            "3 days beyond the last write",
        ),
    ],
)
def test_each_fault_is_reported(
    data: Path, harm: Callable[[Path], object], part: str, status: Status, text: str
) -> None:
    harm(data)
    findings = statuses(data)
    assert findings[part][0] is status, findings
    assert text in findings[part][1]


@pytest.mark.parametrize("fault", ["no keys", "foreign keys", "damaged keys", "no master key", "wrong master key"])
def test_the_server_refuses_to_start_for_the_reason_that_the_doctor_reports(fault: str, data: Path) -> None:
    keys = data / "keys.json"
    settings = Settings(data=data, models=data.with_name("models"))
    if "master" in fault:
        first, second = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
        encrypt_templates(settings.model_copy(update={"master_key": SecretStr(first)}), lambda *_: None)
        settings = settings.model_copy(update={"master_key": SecretStr(second) if "wrong" in fault else None})
    elif fault == "no keys":
        keys.unlink()
    else:
        keys.write_text(foreign_keys(data) if "foreign" in fault else "{}")
    before = keys.exists()
    with pytest.raises(OperatorError) as refusal:
        prepare(settings, "http://x")
    assert "\n" not in str(refusal.value)
    reported = [finding for finding in examine(settings) if finding.part == "keys"]
    assert [(finding.status, finding.text) for finding in reported] == [(Status.FAILED, str(refusal.value))]
    assert keys.exists() == before


def test_indexes_larger_than_the_memory_are_reported(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFRS_INDEX_MEMORY", "1MiB")
    change(data, "insert into templates values (1, zeroblob(1000000))")
    assert statuses(data)["index"] == (Status.OK, "976.6 KiB of templates, 1.0 MiB of index memory")
    change(data, "insert into templates values (2, zeroblob(1000000))")
    status, text = statuses(data)["index"]
    assert status is Status.WARNING
    assert "raise OPENFRS_INDEX_MEMORY" in text


def test_missing_processor_features_are_reported(data: Path) -> None:
    assert statuses(data, "flags : sse2 fma")["processor"] == (
        Status.WARNING,
        "no avx2, f16c; searches are several times slower",
    )


def test_folder_without_a_database_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="not an OpenFRS data directory"):
        statuses(tmp_path)


def test_a_master_key_that_others_can_read_is_reported(data: Path) -> None:
    key = data.with_name("master.key")
    key.write_text(base64.b64encode(bytes(range(32))).decode())
    settings = Settings(data=data, models=data.with_name("models"), master_key_file=key)

    def found() -> tuple[Status, str]:
        return next((finding.status, finding.text) for finding in examine(settings) if finding.part == "permissions")

    key.chmod(0o644)
    assert found() == (Status.WARNING, f"{key} can be read by other users; run chmod o= {key}")
    key.chmod(0o640)
    assert found()[0] is Status.OK
