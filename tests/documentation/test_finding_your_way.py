"""The files that "Finding your way" names exist, and define the names that it says they define."""

import re

import pytest

from tests.support.pages import PAGES
from tests.support.servers import REPOSITORY

PAGE = PAGES["finding-your-way.md"]
ROOT = REPOSITORY / "src" / "openfrs"

ANSWERS = dict(re.findall(r"^\*\*(.+?)\*\* (.+?)(?=\n\n|\Z)", PAGE, re.MULTILINE | re.DOTALL))
SPANS = re.findall(r"`([^`]+)`", PAGE)

PATHS = sorted({span for span in SPANS if re.fullmatch(r"[\w./-]+(/|\.(py|csv|toml|json))", span)})
NAMES = sorted({name for span in SPANS for name in re.findall(r"^[A-Z]\w+$|^[A-Z]{3,}\w*$|^main_face$", span)})


def test_every_entry_is_a_question() -> None:
    assert len(ANSWERS) >= 14
    assert [question for question in ANSWERS if not question.endswith("?")] == []


@pytest.mark.parametrize("question", ANSWERS)
def test_an_answer_names_a_file(question: str) -> None:
    assert {*re.findall(r"`([^`]+)`", ANSWERS[question])} & {*PATHS}


@pytest.mark.parametrize("path", PATHS)
def test_a_file_is_there(path: str) -> None:
    assert (ROOT / path).exists() or (REPOSITORY / path).exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_in_a_file_of_its_answer(name: str) -> None:
    responses = [response for response in ANSWERS.values() if f"`{name}`" in response]
    files = [ROOT / path for response in responses for path in re.findall(r"`([^`]+\.py)`", response)]
    assert any(re.search(rf"\b{name}\b", path.read_text("utf-8")) for path in files if path.is_file())
