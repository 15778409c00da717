"""Predicates as Milvus expressions."""

import pytest

from openfrs.store.faces.predicate import And, Between, Equal, Not, Or, Predicate
from openfrs.store.index.milvus.expressions import expression, stored_fields

DIGEST_OF_A = "27c35e6e9373877f29e562464e46497e"


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (Equal("text", "a"), f'fields["text"] == "{DIGEST_OF_A}"'),
        (Not(Equal("text", "a")), f'fields["text"] != "{DIGEST_OF_A}"'),
        (Equal("flag", True), 'fields["flag"] == 1'),
        (Not(Equal("flag", False)), 'fields["flag"] != 0'),
        (Equal("n", -7), '(fields["n?"] == 1 and fields["n"] == -7)'),
        (Not(Equal("n", 0.5)), '(fields["n?"] == 0 or fields["n"] != 0.5)'),
        (Between("n", 1, None, includes_low=False), '(fields["n?"] == 1 and fields["n"] > 1)'),
        (
            Not(Between("n", 1, 2, includes_high=False)),
            '(fields["n?"] == 0 or fields["n"] < 1 or fields["n"] >= 2)',
        ),
        (Between("n", None, None), '(fields["n?"] == 1)'),
        (
            Not(And((Equal("flag", True), Not(Equal("n", 1))))),
            '(fields["flag"] != 1 or (fields["n?"] == 1 and fields["n"] == 1))',
        ),
        (
            Not(Or((Equal("flag", True), Equal("n", 1)))),
            '(fields["flag"] != 1 and (fields["n?"] == 0 or fields["n"] != 1))',
        ),
    ],
)
def test_a_predicate_becomes_an_expression(predicate: Predicate, expected: str) -> None:
    assert expression(predicate) == expected


@pytest.mark.parametrize("number", [2**53, -(2**63), 10**30, float("inf")])
def test_a_number_that_the_server_may_round_excludes_nothing(number: float) -> None:
    assert expression(Equal("n", number)) is None
    assert expression(Not(Equal("n", number))) is None
    assert expression(Not(Between("n", number, 1))) is None
    assert expression(Between("n", number, 1)) == '(fields["n?"] == 1 and fields["n"] <= 1)'
    assert expression(Or((Equal("flag", True), Equal("n", number)))) is None
    assert expression(And((Equal("flag", True), Equal("n", number)))) == '(fields["flag"] == 1)'
    assert expression(And((Not(Equal("n", number)), Equal("n", number)))) is None


@pytest.mark.parametrize("text", ['" or key > 0 or "', "\\", '\\"', "'", "\x00", "é", "\ud800", "a" * 256])
def test_user_input_is_never_part_of_an_expression(text: str) -> None:
    result = expression(Equal("text", text))
    assert result is not None
    assert len(result) == len(f'fields["text"] == "{DIGEST_OF_A}"')
    assert result.isascii()
    assert text not in result or len(text) == 1


def test_the_server_stores_digests_of_strings_and_markers_of_missing_numbers() -> None:
    definitions = {
        "text": {},
        "other": {"type": "String"},
        "n": {"type": "long"},
        "x": {"type": "double"},
        "flag": {"type": "boolean"},
    }
    assert stored_fields(definitions, "a", {"text": "a", "n": 5}) == {
        "external_image_id": DIGEST_OF_A,
        "text": DIGEST_OF_A,
        "other": "",
        "n": 5,
        "n?": 1,
        "x": 0,
        "x?": 0,
        "flag": -1,
    }
