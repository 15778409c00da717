r"""The filter language of search and batch delete: text to a tree of typed conditions.

=====================================  =======================================================
``field:value``                        equality, of any type; strings with other characters
                                       than letters, digits, ``_``, ``.``, ``-`` and ``+``
                                       are quoted, ``\"`` and ``\\`` stand for themselves
``field:[1 TO 10]``, ``{1 TO 10}``     a range of numbers with, or without, its ends; brackets
                                       may be mixed, ``*`` is no bound
``!a``, ``a && b``, ``a || b``, (…)    in the order of their strength; ``NOT``, ``AND`` and
                                       ``OR`` mean the same
=====================================  =======================================================
"""

import re
from typing import Final, NoReturn

from .. import limits
from ..errors import wrong_format
from ..store.columns import NUMERIC, FieldDefinitions, FieldType, field_type
from ..store.predicate import EXTERNAL_IMAGE_ID, And, Between, Equal, FieldValue, Not, Or, Predicate

_TOKEN: Final = re.compile(
    r"""
    \s*(?:
        (?P<word>(?:[\w.+-]|[^\x00-\x7F\s])+)
      | (?P<quoted>"(?:[^"\\]|\\["\\])*")
      | (?P<mark>&&|\|\||[!():\[\]{}*])
      | (?P<end>$)
    )
    """,
    re.VERBOSE,
)
_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ESCAPE: Final = re.compile(r"\\(.)")

_EXPECTED: Final = {
    FieldType.STRING: "a string",
    FieldType.INTEGER: "a whole number",
    FieldType.LONG: "a whole number",
    FieldType.FLOAT: "a number",
    FieldType.DOUBLE: "a number",
    FieldType.BOOLEAN: "true or false",
}


def parse_filter(text: str, definitions: FieldDefinitions) -> Predicate:
    """The condition that a filter states about faces of a set with these custom fields.

    Raises:
        ServiceError: ``FRS.0012``, with the column of the first thing that is wrong, counted from 1, and what was expected there.
    """
    if len(text) > limits.FILTER_LENGTH:
        raise wrong_format("filter", f"must have at most {limits.FILTER_LENGTH} characters")
    return _Parser(text, definitions).filter()


class _Parser:
    """Recursive descent with one token of foresight: ``_kind``, ``_value`` and ``_start`` are the next token's."""

    def __init__(self, text: str, definitions: FieldDefinitions) -> None:
        self._text = text
        self._definitions = definitions
        self._clauses = 0
        self._depth = 0
        self._end = 0
        self._advance()

    def filter(self) -> Predicate:
        tree = self._any()
        if self._kind != "end":
            self._refuse("expected &&, || or the end")
        return tree

    def _any(self) -> Predicate:
        parts = [self._all()]
        while self._takes_operator("||", "OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Predicate:
        parts = [self._negated()]
        while self._takes_operator("&&", "AND"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negated(self) -> Predicate:
        negative = False
        while self._takes("!") or (self._value == "NOT" and not self._names_a_field() and self._takes("NOT")):
            negative = not negative
        part = self._group() if self._value == "(" else self._clause()
        return Not(part) if negative else part

    def _group(self) -> Predicate:
        self._depth += 1
        if self._depth > limits.FILTER_NESTING:
            self._refuse(f"brackets may be {limits.FILTER_NESTING} deep")
        self._advance()
        tree = self._any()
        if not self._takes(")"):
            self._refuse("expected &&, || or )")
        self._depth -= 1
        return tree

    def _clause(self) -> Predicate:
        field, declared = self._field()
        if not self._takes(":"):
            self._refuse("expected :")
        self._clauses += 1
        if self._clauses > limits.FILTER_CLAUSES:
            self._refuse(f"a filter may have {limits.FILTER_CLAUSES} conditions")
        if self._value not in {"[", "{"}:
            return Equal(field, self._literal(declared))
        if declared not in NUMERIC:
            self._refuse(f"expected {_EXPECTED[declared]}; only numbers have ranges")
        includes_low = self._value == "["
        self._advance()
        low = self._bound(declared)
        if not (self._kind == "word" and self._takes("TO")):
            self._refuse("expected TO")
        high = self._bound(declared)
        if self._value not in {"]", "}"}:
            self._refuse("expected ] or }")
        includes_high = self._value == "]"
        self._advance()
        return Between(field, low, high, includes_low, includes_high)

    def _field(self) -> tuple[str, FieldType]:
        name = self._value
        if self._kind != "word":
            self._refuse("expected the name of a field")
        if name in self._definitions:
            declared = field_type(self._definitions, name)
        elif name == EXTERNAL_IMAGE_ID:
            declared = FieldType.STRING
        else:
            self._refuse("the face set has no such field")
        self._advance()
        return name, declared

    def _bound(self, declared: FieldType) -> int | float | None:
        if self._takes("*"):
            return None
        bound = self._literal(declared)
        assert not isinstance(bound, str)
        return bound

    def _literal(self, declared: FieldType) -> FieldValue:
        """The next token as a value of a type. A number outside the type's range is one that no face has."""
        value: FieldValue | None = None
        match declared:
            case FieldType.STRING if self._kind == "quoted":
                value = _ESCAPE.sub(r"\1", self._value[1:-1]) or None
            case FieldType.STRING if self._kind == "word":
                value = self._value
            case FieldType.BOOLEAN if self._kind == "word":
                value = {"true": True, "false": False}.get(self._value.lower())
            case FieldType.INTEGER | FieldType.LONG if self._is_number(_WHOLE):
                value = int(self._value)
            case FieldType.FLOAT | FieldType.DOUBLE if self._is_number(_NUMBER):
                value = float(self._value)
        if value is None:
            self._refuse(f"expected {_EXPECTED[declared]}")
        self._advance()
        return value

    def _is_number(self, pattern: re.Pattern[str]) -> bool:
        return (
            self._kind == "word"
            and len(self._value) <= limits.FILTER_NUMBER_LENGTH
            and pattern.fullmatch(self._value) is not None
        )

    def _names_a_field(self) -> bool:
        """Whether the next token but one is a colon: a field may be called NOT."""
        following = _TOKEN.match(self._text, self._end)
        return following is not None and following["mark"] == ":"

    def _takes_operator(self, mark: str, word: str) -> bool:
        return self._takes(mark) or self._takes(word)

    def _takes(self, value: str) -> bool:
        """Go past the next token if it is this one; a quoted one never is."""
        if self._value != value:
            return False
        self._advance()
        return True

    def _advance(self) -> None:
        token = _TOKEN.match(self._text, self._end)
        if token is None:
            self._start = self._end + len(self._text[self._end :]) - len(self._text[self._end :].lstrip())
            self._refuse(
                'expected a closing " after it, with \\" and \\\\ as the only escapes'
                if self._text[self._start] == '"'
                else "this character has to be within quotes"
            )
        assert token.lastgroup is not None
        self._kind = token.lastgroup
        self._value, self._start, self._end = token[self._kind], token.start(self._kind), token.end()

    def _refuse(self, reason: str) -> NoReturn:
        raise wrong_format("filter", f"at column {self._start + 1}: {reason}")
