"""Multipart forms: the parts of known fields, and the values of text parts."""

import json
import re
from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from openfrs.core import limits
from openfrs.core.errors import wrong_format

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILE_SUFFIXES: Final = ("_file", "_base64")
"""Ends of the names of fields that hold a file, which may be as large as a body; the text of other fields is bounded."""

_STRING_OR_PYTHON_WORD: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|\b(?:True|False|None)\b', re.DOTALL)
"""A string, which the end of the text may also end, or a word of Python. It matches in linear time: no text is read twice."""

_JSON_WORDS: Final = {"True": "true", "False": "false", "None": "null"}


def parse_form(content_type: str, body: bytes, names: Container[str]) -> dict[str, Any]:
    """Return the parts of a form with these names: files as bytes, other parts as the type of their field.

    The name decides what a part is: some clients send a file without a file name, or a text with one. Text is UTF-8, whatever
    charset the request names; some charsets take quadratic time. The last of repeated parts counts.

    Raises:
        ServiceError: ``FRS.0012`` not a form, a text of more than 16 KB, or not a value of its field.
    """
    values: dict[str, Any] = {}
    for name, data in _read_parts(content_type, body, names).items():
        try:
            values[name] = data if name.endswith("_file") else _TEXT_FIELDS.get(name, str)(data.decode())
        except (ValueError, KeyError, RecursionError):
            raise wrong_format(name, "the text is not a value of its type") from None
    return values


def _read_parts(content_type: str, body: bytes, names: Container[str]) -> dict[str, bytes]:
    parts = _Parts(names)
    try:
        boundary = parse_options_header(content_type[: limits.MAX_CONTENT_TYPE_LENGTH])[1][b"boundary"]
        parser = MultipartParser(boundary, parts.callbacks)
        parser.write(body)
        parser.finalize()
    except (FormParserError, KeyError, ValueError):
        raise wrong_format("the request body", "not a valid multipart form") from None
    return {name: b"".join(pieces) for name, pieces in parts.by_name.items()}


class _Parts:
    """Collects the data of parts with known names. Text parts are bounded while they are read; unknown parts are not kept."""

    def __init__(self, names: Container[str]) -> None:
        self.by_name: dict[str, list[bytes]] = {}
        self._names = names
        self._count = 0
        self._name: str | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._header_name = self._header_value = self._disposition = b""

    @property
    def callbacks(self) -> "MultipartCallbacks":
        """The functions that the parser calls."""
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_header_name,
            "on_header_value": self._add_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_part_end": self._end_part,
        }

    def _begin_part(self) -> None:
        self._count += 1
        if self._count > limits.MAX_MULTIPART_PARTS:
            raise ValueError("too many parts")
        self._name, self._disposition = None, b""

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _end_headers(self) -> None:
        name = parse_options_header(self._disposition)[1][b"name"].decode("utf-8", "replace")
        if name in self._names:
            self._name, self._pieces, self._size = name, [], 0

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._name is None:
            return
        self._size += end - start
        if self._size > limits.MAX_TEXT_LENGTH and not self._name.endswith(FILE_SUFFIXES):
            raise wrong_format(self._name, f"a text of at most {limits.MAX_TEXT_LENGTH} bytes")
        self._pieces.append(data[start:end])

    def _end_part(self) -> None:
        if self._name is not None:
            self.by_name[self._name] = self._pieces


def _json_text(text: str) -> Any:
    """Parse JSON, or the almost-JSON of old Python clients: double quotes, but ``True``, ``False`` and ``None``."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(_STRING_OR_PYTHON_WORD.sub(lambda word: _JSON_WORDS.get(word[0], word[0]), text))


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text.strip().lower()]


def _policy(text: str) -> Any:
    """Parse the limits of a policy; any other text is the name of a policy."""
    return _json_text(text) if text.lstrip().startswith(("{", "[", '"')) else text


_TEXT_FIELDS: Final[Mapping[str, Callable[[str], Any]]] = {
    "top_n": int,
    "threshold": float,
    "nod_threshold": float,
    "single": _flag,
    "external_fields": _json_text,
    "return_fields": _json_text,
    "sort": _json_text,
    "policy": _policy,
}
"""Converters for the text parts of a form that are not strings."""
