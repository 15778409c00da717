"""The claims page quotes the README, and names existing commands."""

import re

import pytest

from openfrs.cli.main import app
from tests.support.command_lines import taken
from tests.support.pages import PAGES
from tests.support.servers import REPOSITORY

ROWS = re.findall(r"^\| (?!claim|---)(.+?) \| (`.+`) \|$", PAGES["claims.md"], re.MULTILINE)
README = " ".join(re.sub(r"\]\([^)]*\)|[\[]", "", PAGES["README.md"]).split())
"""The README as a reader sees it: a link is its text."""

TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))


def sections() -> dict[str, str]:
    """Return the README's sections with claims, by heading."""
    parts = re.split(r"^## (.+)$", PAGES["README.md"], flags=re.MULTILINE)
    texts = dict(zip(["", *parts[1::2]], parts[0::2], strict=True))
    return {
        name: " ".join(re.sub(r"\]\([^)]*\)|[\[]", "", text).split()) for name, text in texts.items() if name != "More"
    }


@pytest.mark.parametrize(("claim", "commands"), ROWS, ids=[claim[:40] for claim, _ in ROWS])
def test_a_claim_is_made_and_its_commands_are_there(claim: str, commands: str) -> None:
    assert claim in README
    for command in re.findall(r"`([^`]+)`", commands):
        program, *words = command.split()
        match program:
            case "make":
                assert {*words} <= TARGETS, command
            case "pytest":
                for word in words:
                    path, _, name = word.partition("::")
                    assert (REPOSITORY / path).exists(), word
                    assert not name or f"def {name}(" in (REPOSITORY / path).read_text("utf-8"), word
            case _:
                assert program == app.info.name or program == "openfrs", command
                taken(words)


def test_every_section_of_the_first_page_has_a_claim() -> None:
    for name, text in sections().items():
        assert any(claim in text for claim, _ in ROWS), name
