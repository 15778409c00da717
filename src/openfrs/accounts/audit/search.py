"""Search in the audit log, newest first, with a limit on the bytes read."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MAX_BYTES_READ: Final = 64 * 1024 * 1024

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first. ``before`` is the start of the next page, empty if there is none."""

    entries: list[Entry]
    before: str


def search_audit(
    newest_first: Iterable[bytes],
    matches: Callable[[Entry], bool],
    *,
    before: str = "",
    limit: int,
    max_bytes: int = MAX_BYTES_READ,
) -> AuditPage:
    """Return the newest entries that match and are older than ``before``, a time in the format of entries."""
    entries: list[Entry] = []
    bytes_read, last = 0, ""
    for line in newest_first:
        bytes_read += len(line)
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # cut when the disk was full
        if before and entry["time"] >= before:
            continue
        full = len(entries) >= limit or bytes_read > max_bytes
        if full and entry["time"] != last:  # a page never ends between entries of the same time
            return AuditPage(entries, last)
        last = entry["time"]
        if matches(entry):
            entries.append(entry)
    return AuditPage(entries, "")
