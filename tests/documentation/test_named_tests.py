"""Tests that pages name exist. ``…::test_name`` is a test of the file named before it."""

import re

import pytest

from tests.support.pages import PAGES
from tests.support.servers import REPOSITORY

NAMED = re.compile(r"`(…|tests/[\w/]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if NAMED.search(text)])
def test_every_test_that_a_page_names_exists(page: str) -> None:
    path = REPOSITORY
    for file, function in NAMED.findall(PAGES[page]):
        path = path if file == "…" else REPOSITORY / file
        assert path.is_file(), file
        assert not function or f"def {function}(" in path.read_text("utf-8"), f"{path.name}::{function}"
