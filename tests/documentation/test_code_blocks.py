"""Code in the pages is valid; blocks that cannot run say why, and their commands parse."""

import csv
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.command_lines import taken
from tests.support.pages import Block, all_languages, blocks
from tests.support.servers import REPOSITORY

EXCUSED = [block for block in blocks("sh", "console", "python") if block.excuse]


def test_every_block_is_of_a_kind_that_is_looked_at() -> None:
    assert all_languages() <= {"sh", "console", "python", "json", "toml", "yaml", "csv", "text", ""}


def test_the_python_that_runs_has_tests() -> None:
    """They are tests/documentation/test_readme.py and tests/client/test_documentation.py."""
    assert [block.page for block in blocks("python") if not block.excuse] == ["README.md", "python-client.md"]


@pytest.mark.parametrize("block", EXCUSED, ids=str)
def test_an_excuse_names_tests_that_there_are(block: Block) -> None:
    for path in re.findall(r"tests/[\w/.]+", block.excuse):
        assert (REPOSITORY / path).exists(), path


@pytest.mark.parametrize("block", blocks("sh", "console"), ids=str)
def test_every_command_is_one_that_the_program_takes(block: Block) -> None:
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        if block.language == "console" and not line.startswith("$ "):
            continue
        for at, word in enumerate(words):
            if Path(word).name == "openfrs" and (at == 0 or words[at - 1] == "--"):
                taken(words[at + 1 : words.index(">") if ">" in words else None])


@pytest.mark.parametrize("block", blocks("sh", "console"), ids=str)
def test_a_setting_on_a_line_of_its_own_is_exported(block: Block) -> None:
    """Without ``export`` the commands after it do not see it."""
    assert re.findall(r"^(?:\$ )?OPENFRS_[A-Z_]+=\S*(?:\s+#.*)?$", block.text, re.MULTILINE) == []


def test_a_command_that_is_none_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        taken(["serve", "--colour", "green"])
    with pytest.raises(AssertionError):
        taken(["paint"])


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_is_python(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", blocks("json", "toml", "yaml", "csv"), ids=str)
def test_data_can_be_read(block: Block) -> None:
    match block.language:
        case "json":
            json.loads(block.text)
        case "toml":
            tomllib.loads(block.text)
        case "yaml":
            assert YAML(typ="safe").load(block.text)
        case _:
            assert len({len(row) for row in csv.reader(block.text.splitlines())}) == 1
