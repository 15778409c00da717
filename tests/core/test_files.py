"""Atomic file writes."""

import os
from pathlib import Path

import pytest

from openfrs.core.files import create_private, replacing, write_private


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail_while_writing(path: Path, *parts: str) -> None:
    with replacing(path) as temporary:
        file = temporary.joinpath(*parts)
        file.parent.mkdir(exist_ok=True)
        file.write_text("new")
        raise RuntimeError


@pytest.mark.parametrize("durable", [True, False])
def test_the_file_is_replaced_when_the_block_ends(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with replacing(path, durable=durable) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["file"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        fail_while_writing(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_folder_appears_complete_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with pytest.raises(RuntimeError):
        fail_while_writing(path, "file")
    assert names(tmp_path) == []
    with replacing(path) as temporary:
        temporary.mkdir()
        (temporary / "file").write_text("text")
    assert (path / "file").read_text() == "text"


def test_the_remains_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    (tmp_path / f".file.{os.getpid()}").write_text("half")
    write_private(path, "whole")
    assert path.read_text() == "whole"
    assert names(tmp_path) == ["file"]


def test_private_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    write_private(tmp_path / "written", "text")
    create_private(tmp_path / "created").close()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "created")
