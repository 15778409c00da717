"""The documentation pages, and the code blocks in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

from .servers import REPOSITORY

GROUPS = ("tutorials", "how-to", "reference", "explanation")
"""The groups of pages, which are the folders below ``docs/``; decision records are not among them."""

PAGES = {
    path.name: path.read_text("utf-8")
    for path in (
        REPOSITORY / "README.md",
        *(path for group in GROUPS for path in sorted((REPOSITORY / "docs" / group).glob("*.md"))),
    )
}

_REMARK = re.compile(r"<!-- not run: (.+) -->\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block: its place, language, text, and the reason why it cannot run, if any."""

    page: str
    line: int
    language: str
    text: str
    excuse: str

    def __str__(self) -> str:
        """Return the block's place, for test names."""
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """Return all fenced blocks in these languages."""
    return [block for name, text in PAGES.items() for block in _of(name, text) if block.language in languages]


def all_languages() -> set[str]:
    """Return the languages of all fenced blocks."""
    return {block.language for name, text in PAGES.items() for block in _of(name, text)}


def _of(name: str, text: str) -> Iterator[Block]:
    before = ""
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "fence":
            assert token.map is not None
            remark = _REMARK.search(before)
            yield Block(name, token.map[0] + 1, token.info.strip(), token.content, remark[1] if remark else "")
        if token.level == 0:
            before = token.content if token.type == "html_block" else ""
