"""Reading the audit log: newest first, as much as a question needs and no more than a bound."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MAX_BYTES_READ: Final = 64 * 1024 * 1024

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first; ``before`` is where to go on, empty where there is nothing older."""

    entries: list[Entry]
    before: str


def search_audit(
    newest_first: Iterable[bytes],
    wanted: Callable[[Entry], bool],
    *,
    before: str = "",
    limit: int,
    max_bytes: int = MAX_BYTES_READ,
) -> AuditPage:
    """The newest entries older than ``before``, a time as entries have it, that are ``wanted``."""
    found: list[Entry] = []
    read, last = 0, ""
    for line in newest_first:
        read += len(line)
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # cut short when the disk was full
        if before and entry["time"] >= before:
            continue
        full = len(found) >= limit or read > max_bytes
        if full and entry["time"] != last:  # those of one moment stay together, or the next page would miss some
            return AuditPage(found, last)
        last = entry["time"]
        if wanted(entry):
            found.append(entry)
    return AuditPage(found, "")
