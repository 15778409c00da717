"""The log as JSON, its level, and requests that are not logged."""

import json
import logging
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from openfrs.core.telemetry import logs
from tests.support.fake_models import photo
from tests.support.in_process import in_process


def record(message: str, **extra: Any) -> logging.LogRecord:
    log_record = logging.LogRecord("openfrs.x", logging.INFO, "file", 1, message, (), None)
    log_record.__dict__.update(extra)
    return log_record


def test_every_line_of_a_servers_log_is_an_object_with_the_requests_id(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with in_process(data, log_format="json") as server, server.http() as client:
        response = client.post(f"{server.project}/face-detect", files={"image_file": photo((200, 0, 0))})
        error = client.post(f"{server.project}/face-detect?a=secret", json={})
    lines = {
        line["request_id"]: line for line in map(json.loads, server.log.read_text().splitlines()) if "status" in line
    }
    line = lines[response.headers["X-Request-Id"]]
    assert datetime.fromisoformat(line["time"]).tzinfo is not None
    assert (line["method"], line["path"], line["status"]) == ("POST", f"{server.project}/face-detect", 200)
    assert (line["operation"], line["level"], line["logger"]) == ("detect", "INFO", "openfrs.access")
    assert line["milliseconds"] > 0
    assert "error" not in line
    assert lines[error.headers["X-Request-Id"]]["error"] == "FRS.0011"
    assert "secret" not in server.log.read_text()


def test_a_line_break_in_a_message_stays_in_its_line() -> None:
    line = logs.JsonFormatter().format(record("one\ntwo"))
    assert "\n" not in line
    assert json.loads(line)["message"] == "one\ntwo"


def test_an_exception_is_logged_with_its_traceback() -> None:
    try:
        raise ArithmeticError("no numbers")
    except ArithmeticError:
        line = json.loads(logs.JsonFormatter().format(record("failed", exc_info=sys.exc_info())))
    assert "ArithmeticError: no numbers" in line["exception"]
    assert "request_id" not in line


@pytest.mark.parametrize(
    ("path", "status", "logged"),
    [
        ("/health", 200, False),
        ("/ready", 200, False),
        ("/ready", 503, True),
        ("/metrics", 404, False),
        ("/docs", 200, True),
    ],
)
def test_probes_that_succeed_can_be_left_out(path: str, status: int, logged: bool) -> None:
    assert logs.is_no_probe(record("line", fields={"path": path, "status": status})) == logged


@pytest.mark.parametrize(
    ("level", "probes", "written"),
    [
        ("info", "true", ["probe", "search", "fault"]),
        ("info", "false", ["search", "fault"]),
        ("warning", "true", ["fault"]),
    ],
)
def test_the_settings_choose_the_lines(level: str, probes: str, written: list[str]) -> None:
    program = """
import logging
from openfrs.core.settings import Settings
from openfrs.core.telemetry import logs
logs.configure(Settings())
access = logging.getLogger(logs.ACCESS)
access.info("probe", extra={"fields": {"path": "/ready", "status": 200}})
access.info("search", extra={"fields": {"path": "/v2/search", "status": 200}})
access.error("fault")
"""
    environment = {**os.environ, "OPENFRS_LOG_LEVEL": level, "OPENFRS_LOG_PROBES": probes}
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=True)
    assert [line.rpartition(" ")[2] for line in result.stderr.splitlines()] == written
