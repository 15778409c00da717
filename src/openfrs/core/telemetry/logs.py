"""The log: lines of text, or one JSON object per line."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from openfrs.core.settings import Settings

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request in progress."""

TEXT_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"


ACCESS: Final = "openfrs.access"
"""The logger of requests."""

_PROBES: Final = frozenset({"/health", "/ready", "/metrics"})
_FIRST_FAILURE: Final = 500


def configure(settings: Settings) -> None:
    """Write the log of this process to standard error, as text or as JSON, from the level of the settings."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else logging.Formatter(TEXT_FORMAT))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    for name in ("alembic", "faiss"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    if not settings.log_probes:
        logging.getLogger(ACCESS).addFilter(is_no_probe)


def is_no_probe(record: logging.LogRecord) -> bool:
    """Return False for the line of a probe or scraper that got a response other than 5xx."""
    fields = getattr(record, "fields", {})
    return fields.get("path") not in _PROBES or fields["status"] >= _FIRST_FAILURE


class JsonFormatter(logging.Formatter):
    """Formats each record as one line of JSON: time, level, logger, message, request id, and the ``fields`` of the record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if current := request_id.get():
            line["request_id"] = current
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
