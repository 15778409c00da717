"""Reading the audit log: newest first, as much as a question needs and no more than a bound."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .audit import KEPT_FILES

MAX_BYTES_READ: Final = 64 * 1024 * 1024
_BLOCK: Final = 64 * 1024

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Entries, newest first; ``before`` is where to go on, empty where there is nothing older."""

    entries: list[Entry]
    before: str


def search_audit(
    path: Path, wanted: Callable[[Entry], bool], *, before: str = "", limit: int, max_bytes: int = MAX_BYTES_READ
) -> Found:
    """The newest entries older than ``before``, a time as entries have it, that are ``wanted``.

    Files written meanwhile do no harm: an entry may be missed while its file is being renamed, never torn.
    """
    found: list[Entry] = []
    read, last = 0, ""
    for line in _lines_backwards(path):
        read += len(line)
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # cut short when the disk was full
        if before and entry["time"] >= before:
            continue
        full = len(found) >= limit or read > max_bytes
        if full and entry["time"] != last:  # those of one moment stay together, or the next page would miss some
            return Found(found, last)
        last = entry["time"]
        if wanted(entry):
            found.append(entry)
    return Found(found, "")


def _lines_backwards(path: Path) -> Iterator[bytes]:
    for file in [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT_FILES + 1))]:
        try:
            with file.open("rb") as opened:
                end, rest = opened.seek(0, os.SEEK_END), b""
                while end:
                    start = max(0, end - _BLOCK)
                    opened.seek(start)
                    lines = (opened.read(end - start) + rest).split(b"\n")
                    rest, end = lines[0], start
                    yield from (line for line in reversed(lines[1:]) if line)
                if rest:
                    yield rest
        except FileNotFoundError:
            return
