"""Load on a server from ``wrk``, a load generator in C whose own cost is measured and subtracted."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openfrs.core.errors import OperatorError

MISSING: Final = "wrk is not installed; run: apt-get install wrk"

_SCRIPT: Final = """\
wrk.method = os.getenv("BENCH_METHOD")
wrk.headers["X-Auth-Token"] = os.getenv("BENCH_TOKEN")
if wrk.method == "POST" then
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = io.open(os.getenv("BENCH_BODY"), "rb"):read("*a")
end
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\\n{"answered": %d, "failed": %d, "seconds": %f, "p50_ms": %f}\\n',
    summary.requests, failed, summary.duration / 1e6, latency:percentile(50) / 1e3))
end
"""


def is_available() -> bool:
    """Check whether ``wrk`` and ``taskset`` are installed."""
    return all(map(shutil.which, ("wrk", "taskset")))


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is repeated; a body makes it a POST."""

    url: str
    token: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """Requests answered by a server in some seconds, their median duration, and the load generator's processor time."""

    clients: int
    answered: int
    seconds: float
    p50_ms: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.answered / self.seconds

    @property
    def sent(self) -> int:
        """Requests that the server processed, with those in progress at the end, which get no answer."""
        return self.answered + self.clients


def apply(request: Request, clients: int, seconds: int) -> Load:
    """Repeat a request from several connections at once, from one thread on the last core.

    Raises:
        OperatorError: ``wrk`` failed, or a request did not succeed.
    """
    with tempfile.TemporaryDirectory(prefix="openfrs-bench-") as folder:
        script, body = Path(folder, "script.lua"), Path(folder, "body")
        script.write_text(_SCRIPT, "utf-8")
        body.write_bytes(request.body or b"")
        core = max(os.sched_getaffinity(0))
        command = ["taskset", "--cpu-list", str(core), "wrk", "--threads", "1", "--connections", str(clients)]
        command += ["--duration", f"{seconds}s", "--timeout", "30s", "--script", str(script), request.url]
        environment = {
            "BENCH_METHOD": "GET" if request.body is None else "POST",
            "BENCH_TOKEN": request.token,
            "BENCH_BODY": str(body),
        }
        report, cpu_seconds = _run(command, os.environ | environment)
    measured = json.loads(report.splitlines()[-1])
    if measured.pop("failed"):
        raise OperatorError(f"requests of the benchmark to {request.url} failed; wrk reports:\n{report}")
    return Load(clients, cpu_seconds=cpu_seconds, **measured)


def _run(command: list[str], environment: Mapping[str, str]) -> tuple[str, float]:
    """Return the output of a program and its processor time."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise OperatorError(f"{command[0]} ended with status {process.returncode}: {output}")
    return output, usage.ru_utime + usage.ru_stime
