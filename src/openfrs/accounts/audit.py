"""The audit log: who did what to what, from where, and with what outcome."""

import json
import logging
import logging.handlers
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 16 * 1024 * 1024
KEPT_FILES: Final = 16
"""A full file is renamed with a number; the oldest is dropped when there are this many."""


class AuditLog:
    """JSON lines in files of mode 0600, only ever appended to. An entry never holds a secret, token, picture or vector."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handler = _PrivateRotatingFile(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")

    def record(self, event: str, **details: str | int) -> None:
        """Append an entry with the time (UTC), the event and its details."""
        entry = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **details}
        line = json.dumps(entry, ensure_ascii=False)
        self._handler.handle(logging.LogRecord("audit", logging.INFO, "", 0, "%s", (line,), None))

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


class _PrivateRotatingFile(logging.handlers.RotatingFileHandler):
    def _open(self):  # type: ignore[no-untyped-def]  # the library's own annotation is private
        return os.fdopen(
            os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
        )
