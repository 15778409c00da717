"""Declarations and values of custom fields, and generated ids."""

import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.core.errors import ServiceError
from openfrs.faces.fields import (
    check_definitions,
    check_values,
    displayed_name,
    new_public_id,
    parse_value,
    retry_with_new_ids,
)
from openfrs.store.faces.models import IdTakenError
from openfrs.store.index.columns import FieldType, field_type
from tests.support.fuzzing import fuzz

T = TypeVar("T")

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def result_unless(work: Callable[[], T], code: str) -> T | None:
    """Return the result of a check; None if it fails with the error code."""
    try:
        return work()
    except ServiceError as error:
        if error.entry.key != code:
            raise
        return None


@fuzz()
@given(st.dictionaries(st.text(max_size=40), ANYTHING, max_size=12))
def test_any_declaration_is_accepted_unchanged_or_rejected(definitions: dict[str, Any]) -> None:
    checked = result_unless(lambda: check_definitions(definitions), "FRS.0012")
    if checked is not None:
        assert list(checked) == list(definitions)
        assert all(isinstance(field_type(checked, name), FieldType) for name in checked)


@fuzz()
@given(st.sampled_from(FieldType), ANYTHING)
def test_any_value_is_accepted_unchanged_or_rejected(kind: FieldType, value: Any) -> None:
    checked = result_unless(lambda: check_values({"a": value}, {"a": {"type": kind.value.upper()}}), "FRS.0406")
    if checked is not None:
        kept = checked["a"]
        assert kept == (float(value) if kind in {FieldType.FLOAT, FieldType.DOUBLE} else value)
        assert isinstance(kept, bool) is (kind is FieldType.BOOLEAN)
        assert not isinstance(kept, float) or math.isfinite(kept)


@given(st.sampled_from(FieldType), st.text())
def test_any_text_is_parsed_to_a_valid_value_or_none(kind: FieldType, text: str) -> None:
    value = parse_value(text, kind)
    if value is not None:
        assert check_values({"a": value}, {"a": {"type": kind}}) == {"a": value}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("12", FieldType.INTEGER, 12),
        ("-12", FieldType.LONG, -12),
        ("+1", FieldType.LONG, 1),
        ("2147483647", FieldType.INTEGER, 2**31 - 1),
        ("2147483648", FieldType.INTEGER, None),
        ("9223372036854775808", FieldType.LONG, None),
        ("1.0", FieldType.LONG, None),
        (" 1", FieldType.LONG, None),
        ("1_0", FieldType.LONG, None),
        ("\u0661", FieldType.LONG, None),
        ("100L", FieldType.LONG, None),
        ("1.5", FieldType.DOUBLE, 1.5),
        ("1e3", FieldType.FLOAT, 1000.0),
        ("nan", FieldType.DOUBLE, None),
        ("-inf", FieldType.DOUBLE, None),
        ("1e999", FieldType.DOUBLE, None),
        ("1.0f", FieldType.FLOAT, None),
        ("", FieldType.DOUBLE, None),
        ("TRUE", FieldType.BOOLEAN, True),
        ("0", FieldType.BOOLEAN, None),
        ("x", FieldType.STRING, "x"),
        ("x" * 257, FieldType.STRING, None),
        ("\0", FieldType.STRING, None),
    ],
)
def test_text_is_parsed_as_its_declared_type(text: str, kind: FieldType, value: Any) -> None:
    assert parse_value(text, kind) == value


@pytest.mark.parametrize(
    ("name", "repeated"), [("a_b-1", "a_b-1"), ("", "given"), ("a" * 37, "given"), ("a b", "given"), ("\n", "given")]
)
def test_only_valid_field_names_are_displayed(name: str, repeated: str) -> None:
    assert displayed_name(name) == repeated


def test_an_id_is_eight_letters_and_digits_and_does_not_repeat() -> None:
    ids = {new_public_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch("[A-Za-z0-9]{8}", one) for one in ids)


def test_a_write_is_retried_with_new_ids() -> None:
    attempts: list[str] = []

    def write() -> str:
        attempts.append(new_public_id())
        if len(attempts) < 4:
            raise IdTakenError
        return attempts[-1]

    assert retry_with_new_ids(write) == attempts[3]
    assert len(set(attempts)) == 4


def test_a_write_that_never_succeeds_gives_up() -> None:
    attempts = 0

    def write() -> None:
        nonlocal attempts
        attempts += 1
        raise IdTakenError

    with pytest.raises(IdTakenError):
        retry_with_new_ids(write)
    assert attempts == 5
