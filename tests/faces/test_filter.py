"""The filter language: meaning, errors and their columns."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.faces import filter as filter_module
from openfrs.faces.filter import parse_filter
from openfrs.store.faces.predicate import And, Between, Equal, Not, Or, Predicate
from tests.support.fuzzing import fuzz
from tests.support.names import NAMES

FIELDS = {
    "text": {"type": "string"},
    "untyped": {},
    "small": {"type": "Integer"},
    "big": {"type": "long"},
    "ratio": {"type": "float"},
    "exact-1_a": {"type": "DOUBLE"},
    "flag": {"type": "boolean"},
    "AND": {"type": "long"},
    "NOT": {"type": "long"},
    "TO": {"type": "string"},
}
A, B, C = Equal("big", 1), Equal("small", 2), Equal("flag", True)
a, b, c = "big:1", "small:2", "flag:true"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("big:1", Equal("big", 1)),
        (" big : -1 ", Equal("big", -1)),
        ("big:+7", Equal("big", 7)),
        ("big:99999999999999999999", Equal("big", 99999999999999999999)),
        ("ratio:1", Equal("ratio", 1.0)),
        ("exact-1_a:-1.5e-3", Equal("exact-1_a", -0.0015)),
        ("exact-1_a:.5", Equal("exact-1_a", 0.5)),
        ("exact-1_a:5.", Equal("exact-1_a", 5.0)),
        ("exact-1_a:1e+3", Equal("exact-1_a", 1000.0)),
        ("flag:true", Equal("flag", True)),
        ("flag:False", Equal("flag", False)),
        ("text:quick", Equal("text", "quick")),
        ("text:1", Equal("text", "1")),
        ("text:true", Equal("text", "true")),
        ("text:a-b_c.d+e", Equal("text", "a-b_c.d+e")),
        ("text:門口-\u0661", Equal("text", "門口-\u0661")),
        ("text:हिन्दी", Equal("text", "हिन्दी")),
        ("text:AND", Equal("text", "AND")),
        ("text:NOT", Equal("text", "NOT")),
        ('text:"a b"', Equal("text", "a b")),
        (r'text:"say \"(a\\b)\" && !"', Equal("text", r'say "(a\b)" && !')),
        ('text:"*"', Equal("text", "*")),
        *((f'text:"{name}"', Equal("text", name)) for name in NAMES),
        ("untyped:x", Equal("untyped", "x")),
        ("external_image_id:test", Equal("external_image_id", "test")),
        ("TO:TO", Equal("TO", "TO")),
        ("big:[1 TO 10]", Between("big", 1, 10)),
        ("big:{1 TO 10}", Between("big", 1, 10, includes_low=False, includes_high=False)),
        ("big:[1 TO 10}", Between("big", 1, 10, includes_high=False)),
        ("big:{1 TO 10]", Between("big", 1, 10, includes_low=False)),
        ("big:[1 TO *]", Between("big", 1, None)),
        ("big:[* TO 1]", Between("big", None, 1)),
        ("big:[* TO *]", Between("big", None, None)),
        ("big:[-5 TO -1]", Between("big", -5, -1)),
        ("big:[10 TO 1]", Between("big", 10, 1)),
        ("ratio:{-1e3 TO 2.5]", Between("ratio", -1000.0, 2.5, includes_low=False)),
        (f"{a} && {b}", And((A, B))),
        (f"{a}&&{b}", And((A, B))),
        (f"{a} AND {b}", And((A, B))),
        (f"{a} || {b}", Or((A, B))),
        (f"{a} OR {b}", Or((A, B))),
        (f"!{a}", Not(A)),
        (f"(!{a})", Not(A)),
        (f"NOT {a}", Not(A)),
        (f"!!{a}", A),
        (f"! NOT !{a}", Not(A)),
        (f"!!! !!{a}", Not(A)),
        (f"!!! !{a}", A),
        (f"{a} || {b} && {c}", Or((A, And((B, C))))),
        (f"{a} && {b} || {c}", Or((And((A, B)), C))),
        (f"({a} || {b}) && {c}", And((Or((A, B)), C))),
        (f"!{a} && {b}", And((Not(A), B))),
        (f"!({a} && {b})", Not(And((A, B)))),
        (f"{a} AND {b} OR NOT {c}", Or((And((A, B)), Not(C)))),
        (f"(({a}))", A),
        ("AND:1 AND NOT:2", And((Equal("AND", 1), Equal("NOT", 2)))),
        ("NOT NOT:2", Not(Equal("NOT", 2))),
        ("NOT AND:2", Not(Equal("AND", 2))),
    ],
)
def test_a_filter_is_parsed(text: str, tree: Predicate) -> None:
    assert parse_filter(text, FIELDS) == tree


CLOSING = r'expected a closing " after it, with \" and \\ as the only escapes'


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        (" ", 2, "expected the name of a field"),
        *((f'text:"a{character}b"', 6, "expected a string") for character in "\n\0\x85\ud800"),
        ("big", 4, "expected :"),
        ("big=1", 4, "this character must be quoted"),
        ("big:", 5, "expected a whole number"),
        ("big:x", 5, "expected a whole number"),
        ("big:1.5", 5, "expected a whole number"),
        ("big:1e3", 5, "expected a whole number"),
        ('big:"1"', 5, "expected a whole number"),
        ("big:*", 5, "expected a whole number"),
        ("big:\u0661", 5, "expected a whole number"),
        ("big:1_000", 5, "expected a whole number"),
        ("big:" + "1" * 5000, 5, "expected a whole number"),
        ("ratio:nan", 7, "expected a number"),
        ("ratio:inf", 7, "expected a number"),
        ("ratio:0x1", 7, "expected a number"),
        ("flag:1", 6, "expected true or false"),
        ("flag:yes", 6, "expected true or false"),
        ('text:""', 6, "expected a string"),
        ("text:*", 6, "expected a string"),
        ("text:a b", 8, "expected &&, || or the end"),
        ("text:a:b", 7, "expected &&, || or the end"),
        ('text:"a', 6, CLOSING),
        (r'text:"a\n"', 6, CLOSING),
        (r'text:"a\"', 6, CLOSING),
        ("text:'a'", 6, "this character must be quoted"),
        ("text:a,b", 7, "this character must be quoted"),
        ("text:[a TO b]", 6, "only numbers have ranges"),
        ("flag:[true TO false]", 6, "only numbers have ranges"),
        ("external_image_id:{a TO b}", 19, "only numbers have ranges"),
        ("big:[1 to 10]", 8, "expected TO"),
        ("big:[1TO10]", 6, "expected a whole number"),
        ("big:[1 10]", 8, "expected TO"),
        ('big:[1 "TO" 10]', 8, "expected TO"),
        ("big:[ TO 10]", 7, "expected a whole number"),
        ("big:[1 TO ]", 11, "expected a whole number"),
        ("big:[1 TO 10", 13, "expected ] or }"),
        ("big:[1 TO 10)", 13, "expected ] or }"),
        ("other:1", 1, "the face set has no such field"),
        (f"{a} && other:1", 10, "the face set has no such field"),
        ("<script>:1", 1, "this character must be quoted"),
        ("face_id:1", 1, "the face set has no such field"),
        ('"big":1', 1, "expected the name of a field"),
        (f"{a} &&", 9, "expected the name of a field"),
        (f"&& {a}", 1, "expected the name of a field"),
        (f"{a} & {b}", 7, "this character must be quoted"),
        (f"{a} and {b}", 7, "expected &&, || or the end"),
        (f"{a} {b}", 7, "expected &&, || or the end"),
        (f"{a})", 6, "expected &&, || or the end"),
        (f"({a}", 7, "expected &&, || or )"),
        (f"({a}]", 7, "expected &&, || or )"),
        ("()", 2, "expected the name of a field"),
        ("!", 2, "expected the name of a field"),
        ("!!! !", 6, "expected the name of a field"),
        (f"{a}!!{a}", 6, "expected &&, || or the end"),
        ("' or 1=1 --", 1, "this character must be quoted"),
        ("big:1; drop table faces", 6, "this character must be quoted"),
        ("big:1 --", 7, "expected &&, || or the end"),
        ("big:1\0", 6, "this character must be quoted"),
        ("\ud800:1", 1, "the face set has no such field"),
        ("(" * 51 + a + ")" * 51, 51, "brackets can be nested 50 deep"),
    ],
)
def test_an_invalid_filter_is_rejected_with_column_and_expected_token(text: str, column: int, expected: str) -> None:
    with pytest.raises(ServiceError) as refused:
        parse_filter(text, FIELDS)
    assert refused.value.entry.key == "FRS.0012"
    assert f"filter: at column {column}: " in refused.value.message
    assert refused.value.message.removesuffix(".").endswith(expected)
    assert len(refused.value.message) < 200


def test_the_limits_of_a_filter() -> None:
    longest = f'text:"{"x" * (limits.MAX_FILTER_LENGTH - 7)}"'
    assert parse_filter(longest, FIELDS)
    most = "||".join([a] * limits.MAX_FILTER_CLAUSES)
    assert parse_filter(most, FIELDS) == Or((A,) * limits.MAX_FILTER_CLAUSES)
    assert parse_filter("(" * 50 + a + ")" * 50, FIELDS) == A
    beside = "||".join([f"({a})"] * 60)
    assert parse_filter(beside, FIELDS) == Or((A,) * 60)
    number = "1".rjust(limits.MAX_FILTER_NUMBER_LENGTH, "0")
    assert parse_filter(f"big:{number}", FIELDS) == Equal("big", 1)
    for text, reason in [
        (longest + " ", "filter: must have at most 10240 characters"),
        (f"{most}||{a}", "1000 conditions"),
        (f"{beside}||" + "(" * 51 + a + ")" * 51, "50 deep"),
        ("(" * 49 + f"({a})||(({a}))" + ")" * 49, "50 deep"),
        (f"big:0{number}", "a whole number"),
    ]:
        with pytest.raises(ServiceError, match=reason):
            parse_filter(text, FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        "big:[1 TO 5]||" * 730 + a,
        "!" * 10_000,
        "!(" * 5000,
        "(" * 10_000,
        "NOT " * 2500,
        f'text:"{chr(92) * 10_000}',
        " " * 10_000,
        "é" * 10_000,
    ],
)
def test_parsing_time_is_linear(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = 0
    advance = filter_module._Parser._advance

    def counted(parser: filter_module._Parser) -> None:
        nonlocal tokens
        tokens += 1
        advance(parser)

    monkeypatch.setattr(filter_module._Parser, "_advance", counted)
    with contextlib.suppress(ServiceError):
        parse_filter(text, FIELDS)
    assert tokens <= len(text) + 2


values = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)

leaves = st.one_of(
    st.builds(Equal, st.sampled_from(["small", "big", "AND", "NOT"]), st.integers(-(2**70), 2**70)),
    st.builds(Equal, st.sampled_from(["ratio", "exact-1_a"]), st.floats(allow_nan=False, allow_infinity=False)),
    st.builds(Equal, st.sampled_from(["text", "untyped", "external_image_id", "TO"]), values),
    st.builds(Equal, st.just("flag"), st.booleans()),
    st.builds(
        Between,
        st.just("big"),
        st.none() | st.integers(),
        st.none() | st.integers(),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(
        Between,
        st.just("exact-1_a"),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.booleans(),
    ),
)
trees = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.builds(And, st.lists(parts, min_size=2, max_size=4).map(tuple)),
        st.builds(Or, st.lists(parts, min_size=2, max_size=4).map(tuple)),
    ),
    max_leaves=12,
)


def render(tree: Predicate) -> str:
    """Write a tree as a filter, with every part in brackets."""
    match tree:
        case Equal(field, bool() as value):
            return f"{field}:{str(value).lower()}"
        case Equal(field, str() as value):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'{field}:"{escaped}"'
        case Equal(field, value):
            return f"{field}:{value!r}"
        case Between(field, low, high, includes_low, includes_high):
            ends = ["*" if end is None else repr(end) for end in (low, high)]
            return f"{field}:{'{['[includes_low]}{ends[0]} TO {ends[1]}{'}]'[includes_high]}"
        case Not(part):
            return f"!({render(part)})"
        case And(parts):
            return " && ".join(f"({render(part)})" for part in parts)
        case Or(parts):
            return " || ".join(f"({render(part)})" for part in parts)


@fuzz()
@given(trees)
def test_a_written_tree_is_parsed_back(tree: Predicate) -> None:
    assert parse_filter(render(tree), FIELDS) == tree


PIECES = [
    *"[]{}()!:*'\";\\é\0",
    "&&",
    "||",
    "AND",
    "OR",
    "NOT",
    "TO",
    "--",
    "big",
    "text",
    "ratio",
    "flag",
    "1",
    "-1.5",
]
pieces = st.lists(st.sampled_from([*PIECES, " "]), max_size=30)


@fuzz()
@given(st.text(max_size=60) | pieces.map("".join) | pieces.map(" ".join))
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    with contextlib.suppress(ServiceError):
        parse_filter(text, FIELDS)
