"""Control characters and lone surrogates, and nothing else, are not plain text."""

import sys
import unicodedata

import pytest

from openfrs.core.text import is_plain, plain
from tests.support.names import NAMES


def test_only_control_characters_and_surrogates_are_refused() -> None:
    refused = {code for code in range(sys.maxunicode + 1) if not is_plain(chr(code))}
    assert {unicodedata.category(chr(code)) for code in refused} == {"Cc", "Cs"}
    assert len(refused) == 65 + 2048


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_are_plain(name: str) -> None:
    assert is_plain(name)
    assert plain(name) == name


def test_other_characters_are_replaced() -> None:
    assert plain("a\nb\ud800\x85") == "a?b??"
