"""A database is the file of its path, whatever characters the path has."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from openfrs.core.findings import Status
from openfrs.core.settings import Settings
from openfrs.operations.maintenance.doctor import examine
from openfrs.operations.transfer.backup import back_up, restore
from tests.support.data_directories import new_data
from tests.support.galleries import new_database

NAMES = [
    "data?mode=memory",
    "data?",
    "50%",
    "%41%2fdata",
    "data#1",
    "a;b",
    "a b ",
    'it\'s "mine"',
    "two\nlines",
    "file:data",
    "人脸 データ",
    os.fsdecode(b"\xff"),
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_the_database_is_the_file_of_its_path(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with closing(new_database(folder / "openfrs.db")):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert {path.name for path in folder.iterdir()} == {"openfrs.db", "openfrs.db-turn"}


def test_a_service_checks_backs_up_and_restores_such_a_data_directory(tmp_path: Path) -> None:
    name = "a?b=1&%41#;' \"\n人脸"
    data, saved, restored = (tmp_path / folder / name for folder in ("data", "saved", "restored"))
    for folder in (data, saved, restored):
        folder.parent.mkdir()
    new_data(data, "people")
    back_up(data, saved)
    restore(saved, restored)
    for directory in (data, restored):
        findings = {finding.part: finding for finding in examine(Settings(data=directory))}
        assert {findings[part].status for part in ("database", "index", "keys", "permissions")} == {Status.OK}
    assert [[path.name for path in folder.parent.iterdir()] for folder in (data, saved, restored)] == [[name]] * 3
