"""Each operation with each kind of input by each client, as in the table of ``docs/compatibility.md``.

``OPENFRS_WRITE_DOCS=1`` writes the table again.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.servers import REPOSITORY, RunningServer, fake_server_command, running
from tests.support.web import WebServer

from .clients import Client, Curl, NodeCore, OfficialAsyncSdk, OfficialSdk, OldJavaSdk, OldPythonSdk, UnsupportedError
from .operations import FILES, STEPS, ClientState

PAGE = REPOSITORY / "docs" / "compatibility.md"
BEGIN, END = "<!-- table: clients -->\n", "<!-- end -->"


@pytest.fixture(scope="module")
def frs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server, and an object store with the files for URLs."""
    data = tmp_path_factory.mktemp("clients") / "data"
    with WebServer({path: (200, {}, [content]) for path, content in FILES.items()}) as store:
        thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        settings = {
            "OPENFRS_OBS_ENDPOINT": f"http://127.0.0.1:{store.port}",
            "OPENFRS_OBS_ACCESS_KEY": "any",
            "OPENFRS_OBS_SECRET_KEY": "any",
        }
        with running(fake_server_command(data), data, environment=settings) as server:
            yield server
        store.shutdown()
        thread.join()


@pytest.fixture
def node_process(node: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        ["node", "call.mjs"], cwd=node, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def node_client(server: RunningServer, request: pytest.FixtureRequest) -> Client:
    return NodeCore(server, request.getfixturevalue("node_process"))


def curl_client(server: RunningServer, request: pytest.FixtureRequest) -> Client:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    folder: Path = request.getfixturevalue("tmp_path")
    return Curl(server, folder)


CLIENTS: dict[str, Callable[[RunningServer, pytest.FixtureRequest], Client]] = {
    OfficialSdk.name: lambda server, request: OfficialSdk(server, request.getfixturevalue("tmp_path")),
    OfficialAsyncSdk.name: lambda server, request: OfficialAsyncSdk(server, request.getfixturevalue("tmp_path")),
    OldPythonSdk.name: lambda server, _: OldPythonSdk(server),
    OldJavaSdk.name: lambda server, _: OldJavaSdk(server),
    NodeCore.name: node_client,
    Curl.name: curl_client,
}

RESULTS: dict[str, dict[tuple[str, str], str]] = {}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_receives_the_expected_responses(
    name: str, frs_server: RunningServer, request: pytest.FixtureRequest
) -> None:
    client = CLIENTS[name](frs_server, request)
    state, results = ClientState(f"{name} é 中"), {}
    for step in STEPS:
        try:
            response = client.send(step.operation, step.kind, step.request(state))
        except UnsupportedError as reason:
            results[step.name] = str(reason)
        else:
            assert step.holds(state, response), (step.name, response)
            results[step.name] = "pass"
    RESULTS[name] = results


def table(results: dict[str, dict[tuple[str, str], str]]) -> str:
    """Return the table: operation, input and a column for each client; a reason in place of a pass is a footnote."""
    reasons = sorted({cell for column in results.values() for cell in column.values()} - {"pass"})
    lines = [f"| operation | input | {' | '.join(results)} |", f"| --- | --- |{' --- |' * len(results)}"]
    for step in STEPS:
        cells = [column[step.name] for column in results.values()]
        published = " | ".join("pass" if cell == "pass" else f"({reasons.index(cell) + 1})" for cell in cells)
        lines.append(f"| {step.operation} | {step.kind} | {published} |")
    notes = [f"({number}) {reason}." for number, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, "", *notes, ""])


def test_the_documented_table_has_the_measured_results() -> None:
    if RESULTS.keys() != CLIENTS.keys():
        pytest.skip("not every client was tested")
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    published, mark, after = rest.partition(END)
    assert mark
    if os.environ.get("OPENFRS_WRITE_DOCS"):
        PAGE.write_text(before + BEGIN + table(RESULTS) + END + after, "utf-8")
        return
    assert published == table(RESULTS), "write it again with OPENFRS_WRITE_DOCS=1"
