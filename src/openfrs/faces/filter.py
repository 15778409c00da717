r"""Parser for the filter language of search and batch deletion.

=====================================  =======================================================
``field:value``                        equality, of any type; a string with characters other
                                       than letters, digits, ``_``, ``.``, ``-`` and ``+``
                                       is quoted, with the escapes ``\"`` and ``\\``
``field:[1 TO 10]``, ``{1 TO 10}``     a range of numbers, ends included or excluded; brackets
                                       can be mixed, ``*`` means unbounded
``!a``, ``a && b``, ``a || b``, (…)    from highest to lowest precedence; ``NOT``, ``AND`` and
                                       ``OR`` are synonyms
=====================================  =======================================================
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, NoReturn

from openfrs.core import limits
from openfrs.core.errors import wrong_format
from openfrs.core.text import is_plain
from openfrs.store.faces.predicate import (
    EXTERNAL_IMAGE_ID,
    And,
    Between,
    Equal,
    FieldDefinitions,
    FieldValue,
    Not,
    Or,
    Predicate,
)
from openfrs.store.index.columns import NUMERIC, FieldType, field_type

_TOKEN: Final = re.compile(
    r"""
    \s*(?:
        (?P<word>(?:[\w.+-]|[^\x00-\x7F\s])+)
      | (?P<quoted>"(?:[^"\\]|\\["\\])*")
      | (?P<mark>&&|\|\||!+|[():\[\]{}*])
      | (?P<end>$)
      | (?P<stray>.)
    )
    """,
    re.VERBOSE,
)
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ESCAPE: Final = re.compile(r"\\(.)")
_AND: Final = frozenset(["&&", "AND"])
_OR: Final = frozenset(["||", "OR"])

_EXPECTED: Final = {
    FieldType.STRING: "a string",
    FieldType.INTEGER: "a whole number",
    FieldType.LONG: "a whole number",
    FieldType.FLOAT: "a number",
    FieldType.DOUBLE: "a number",
    FieldType.BOOLEAN: "true or false",
}


def parse_filter(text: str, definitions: FieldDefinitions) -> Predicate:
    """Parse a filter on faces with these custom fields.

    Raises:
        ServiceError: ``FRS.0012`` with the column of the first error, counted from 1, and the tokens expected there.
    """
    if len(text) > limits.MAX_FILTER_LENGTH:
        raise wrong_format("filter", f"must have at most {limits.MAX_FILTER_LENGTH} characters")
    return _Parser(text, definitions).filter()


def _string(kind: str, text: str) -> str | None:
    if kind == "quoted":
        return (_ESCAPE.sub(r"\1", text[1:-1]) or None) if is_plain(text) else None
    return text if kind == "word" and is_plain(text) else None


def _boolean(kind: str, text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower()) if kind == "word" else None


def _integer(kind: str, text: str) -> int | None:
    return int(text) if kind == "word" and _matches(_INTEGER, text) else None


def _number(kind: str, text: str) -> float | None:
    return float(text) if kind == "word" and _matches(_NUMBER, text) else None


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    return len(text) <= limits.MAX_FILTER_NUMBER_LENGTH and pattern.fullmatch(text) is not None


_READERS: Final[Mapping[FieldType, Callable[[str, str], FieldValue | None]]] = {
    FieldType.STRING: _string,
    FieldType.INTEGER: _integer,
    FieldType.LONG: _integer,
    FieldType.FLOAT: _number,
    FieldType.DOUBLE: _number,
    FieldType.BOOLEAN: _boolean,
}
"""Converters of tokens to values; they return None for a token of another type. Numbers outside the type's range match no face."""

_Field = tuple[FieldType, Callable[[str, str], FieldValue | None]]


class _Parser:
    """Recursive-descent parser; ``_token``, ``_kind`` and ``_value`` are those of the next token.

    Tokens are compared inline: helper methods would double the time for a filter of 10 kB.
    """

    def __init__(self, text: str, definitions: FieldDefinitions) -> None:
        self._text = text
        self._definitions = definitions
        self._fields: dict[str, _Field] = {}
        self._clauses = 0
        self._depth = 0
        self._tokens = _TOKEN.finditer(text)
        self._advance()

    def filter(self) -> Predicate:
        tree = self._disjunction()
        if self._kind != "end":
            self._fail("expected &&, || or the end")
        return tree

    def _disjunction(self) -> Predicate:
        part = self._conjunction()
        if self._value not in _OR:
            return part
        parts = [part]
        while self._value in _OR:
            self._advance()
            parts.append(self._conjunction())
        return Or(tuple(parts))

    def _conjunction(self) -> Predicate:
        part = self._negation()
        if self._value not in _AND:
            return part
        parts = [part]
        while self._value in _AND:
            self._advance()
            parts.append(self._negation())
        return And(tuple(parts))

    def _negation(self) -> Predicate:
        negative = False
        while self._value[:1] == "!" or (self._value == "NOT" and not self._is_field_name()):
            negative ^= self._value[0] != "!" or len(self._value) % 2 == 1
            self._advance()
        part = self._group() if self._value == "(" else self._clause()
        return Not(part) if negative else part

    def _group(self) -> Predicate:
        self._depth += 1
        if self._depth > limits.MAX_FILTER_NESTING:
            self._fail(f"brackets can be nested {limits.MAX_FILTER_NESTING} deep")
        self._advance()
        tree = self._disjunction()
        if self._value != ")":
            self._fail("expected &&, || or )")
        self._advance()
        self._depth -= 1
        return tree

    def _clause(self) -> Predicate:
        name = self._value
        declared, read = self._fields.get(name) or self._field(name)
        self._advance()
        if self._value != ":":
            self._fail("expected :")
        self._advance()
        self._clauses += 1
        if self._clauses > limits.MAX_FILTER_CLAUSES:
            self._fail(f"a filter can have {limits.MAX_FILTER_CLAUSES} conditions")
        if self._value == "[" or self._value == "{":
            return self._range(name, declared)
        value = read(self._kind, self._value)
        if value is None:
            self._fail(f"expected {_EXPECTED[declared]}")
        self._advance()
        return Equal(name, value)

    def _range(self, name: str, declared: FieldType) -> Predicate:
        if declared not in NUMERIC:
            self._fail(f"expected {_EXPECTED[declared]}; only numbers have ranges")
        includes_low = self._value == "["
        self._advance()
        low = self._bound(declared)
        if self._value != "TO":
            self._fail("expected TO")
        self._advance()
        high = self._bound(declared)
        includes_high = self._value == "]"
        if not includes_high and self._value != "}":
            self._fail("expected ] or }")
        self._advance()
        return Between(name, low, high, includes_low, includes_high)

    def _bound(self, declared: FieldType) -> int | float | None:
        value = None if self._value == "*" else _READERS[declared](self._kind, self._value)
        if value is None and self._value != "*":
            self._fail(f"expected {_EXPECTED[declared]}")
        assert not isinstance(value, str)
        self._advance()
        return value

    def _field(self, name: str) -> _Field:
        """Return the type of a field and the converter for its values."""
        if self._kind != "word":
            self._fail("expected the name of a field")
        if name in self._definitions:
            declared = field_type(self._definitions, name)
        elif name == EXTERNAL_IMAGE_ID:
            declared = FieldType.STRING
        else:
            self._fail("the face set has no such field")
        self._fields[name] = declared, _READERS[declared]
        return self._fields[name]

    def _is_field_name(self) -> bool:
        """Return whether a colon follows the next token: a field can be named NOT."""
        following = _TOKEN.match(self._text, self._token.end())
        return following is not None and following["mark"] == ":"

    def _advance(self) -> None:
        token = self._token = next(self._tokens)
        assert token.lastgroup is not None
        self._kind, self._value = token.lastgroup, token[token.lastgroup]
        if self._kind == "stray":
            self._fail(
                'expected a closing " after it, with \\" and \\\\ as the only escapes'
                if self._value == '"'
                else "this character must be quoted"
            )

    def _fail(self, reason: str) -> NoReturn:
        raise wrong_format("filter", f"at column {self._token.start(self._kind) + 1}: {reason}")
