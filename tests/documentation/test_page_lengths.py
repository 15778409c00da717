"""Pages have one topic: prose of at most 1,200 words, beside their tables."""

import re

import pytest

from tests.support.pages import PAGES

MOST_WORDS = 1200

LONGER = {"accuracy.md"}
"""Pages that are mostly generated."""


@pytest.mark.parametrize("page", sorted(PAGES.keys() - LONGER))
def test_a_page_is_short(page: str) -> None:
    prose = re.sub(r"^\|.*$|^```.*?^```$", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    assert len(prose.split()) <= MOST_WORDS
