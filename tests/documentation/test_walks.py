"""The code walks on the architecture page name existing files."""

import re

import pytest

from tests.support.pages import Block, blocks
from tests.support.servers import REPOSITORY

ROOT = REPOSITORY / "src" / "openfrs"
WALKS = [block for block in blocks("text") if block.page == "architecture.md"]


def test_there_are_four_walks() -> None:
    assert len(WALKS) == 4


@pytest.mark.parametrize("walk", WALKS, ids=str)
def test_a_walk_passes_through_files_that_there_are(walk: Block) -> None:
    paths = re.findall(r"[\w/]+\.py", walk.text)
    assert len({*paths}) > 5
    assert [path for path in paths if not (ROOT / path).is_file()] == []
