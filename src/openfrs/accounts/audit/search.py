"""Search in the audit log, newest first, with a limit on the bytes read."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from .log import FAILURE, LOGIN_FAILED, LOGINS_REFUSED, SUCCESS, Part

MAX_BYTES_READ: Final = 64 * 1024 * 1024

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Conditions on entries, all of which must hold; empty ones always hold.

    ``text`` is a part of any value and ``actor`` a part of the user's name or id, both case-insensitive. ``operation`` is an
    operation or an event, and ``outcome`` is ``success`` or ``failure``. Times are in the format of entries, ``since`` inclusive
    and ``until`` exclusive.
    """

    text: str = ""
    actor: str = ""
    operation: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""

    @property
    def parts(self) -> Collection[Part]:
        """The parts of the log to read. Searches, which would hide all else, are listed only by their operation."""
        part = Part.of(self.operation)
        return [part] if part is not Part.WRITES else [each for each in Part if each is not Part.SEARCHES]

    def matches(self, entry: Entry) -> bool:
        """Return whether the conditions hold, except for those on the time."""
        return (
            (not self.operation or self.operation in {entry["event"], entry.get("operation")})
            and (not self.outcome or self.outcome == outcome_of(entry))
            and (
                not self.actor or _contains(self.actor, (entry.get(key, "") for key in ("actor", "account", "user_id")))
            )
            and (not self.text or _contains(self.text, entry.values()))
        )


def outcome_of(entry: Entry) -> str:
    """Return the outcome of an entry; those of earlier releases have only a status."""
    if "outcome" in entry:
        return str(entry["outcome"])
    failed = entry["event"] in {LOGIN_FAILED, LOGINS_REFUSED} or entry.get("status", 0) >= 400
    return FAILURE if failed else SUCCESS


def parse_audit_time(text: str) -> str:
    """Return an ISO 8601 date or time, in UTC unless it has an offset, in the format of entries. An empty text stays empty.

    Raises:
        ValueError: the text is not a date or time.
    """
    if not text:
        return ""
    time = datetime.fromisoformat(text)
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    try:
        return time.astimezone(UTC).isoformat(timespec="milliseconds")
    except OverflowError:
        raise ValueError(f"{text} is not a time between the years 1 and 9999") from None


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
    since: str = "",
    limit: int,
    max_bytes: int = MAX_BYTES_READ,
) -> AuditPage:
    """Return the newest entries that match, are older than ``before`` and not older than ``since``.

    Both are times in the format of entries.
    """
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
        if entry["time"] < since:
            break
        full = len(entries) >= limit or bytes_read > max_bytes
        if full and entry["time"] != last:  # a page never ends between entries of the same time
            return AuditPage(entries, last)
        last = entry["time"]
        if matches(entry):
            entries.append(entry)
    return AuditPage(entries, "")


def _contains(text: str, values: Iterable[object]) -> bool:
    folded = text.casefold()
    return any(folded in str(value).casefold() for value in values)
