"""Entries of the audit log as text for other programs: CSV and JSONL."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from .search import Entry, outcome_of

COLUMNS: Final = (
    *("time", "event", "operation", "outcome", "actor", "user_id", "subject", "project_id", "face_set", "address"),
    *("method", "target", "status", "request_id", "reason"),
)
"""Columns of CSV; a last one has all other members of an entry as JSON."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


class ExportFormat(StrEnum):
    """Formats of exported entries."""

    CSV = "csv"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        """The content type of the text."""
        return "text/csv; charset=UTF-8; header=present" if self is ExportFormat.CSV else "application/jsonl"


def exported(entries: Iterable[Entry], format: ExportFormat) -> Iterator[str]:  # noqa: A002
    """Yield the lines of entries with their ends, for CSV after a line of column names."""
    if format is ExportFormat.JSONL:
        yield from (json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        return
    yield _csv_line((*COLUMNS, "details"))
    for entry in entries:
        known = {**entry, "outcome": outcome_of(entry), "actor": entry.get("actor", entry.get("account", ""))}
        rest = {name: value for name, value in entry.items() if name not in COLUMNS and name != "account"}
        details = json.dumps(rest, ensure_ascii=False) if rest else ""
        yield _csv_line([*(_cell(known.get(column, "")) for column in COLUMNS), details])


def _cell(value: object) -> str:
    """Return a value as text that no spreadsheet takes for a formula: clients choose some of the texts."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
