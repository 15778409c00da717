"""Each operation with each kind of input by each client, as in the table of ``docs/reference/compatibility.md``.

``OPENFRS_WRITE_DOCS=1`` writes the table again.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.servers import REPOSITORY, RunningServer, fake_server_command, running
from tests.support.web import WebServer

from .clients import Client, UnsupportedError
from .operations import FILES, STEPS, ClientState, enrolment_without_form
from .subjects import SUBJECTS, Context

PAGE = REPOSITORY / "docs" / "reference" / "compatibility.md"
BEGIN, END = "<!-- table: clients -->\n", "<!-- end -->"

Results = Mapping[tuple[str, str], str]
"""For each step ``pass``, or the reason why the client does not support it."""


@pytest.fixture(scope="module")
def frs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server without a rate limit, and an object store with the files for URLs."""
    data = tmp_path_factory.mktemp("clients") / "data"
    with WebServer({path: (200, {}, [content]) for path, content in FILES.items()}) as store:
        thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        settings = {
            "OPENFRS_OBS_ENDPOINT": f"http://127.0.0.1:{store.port}",
            "OPENFRS_OBS_ACCESS_KEY": "any",
            "OPENFRS_OBS_SECRET_KEY": "any",
            "OPENFRS_RATE": "0",
            "OPENFRS_SLOW_RATE": "0",
        }
        with running(fake_server_command(data), data, environment=settings) as server:
            yield server
        store.shutdown()
        thread.join()


RESULTS: dict[str, Results] = {}


@pytest.mark.parametrize("key", SUBJECTS)
def test_a_client_receives_the_expected_responses(key: str, frs_server: RunningServer, tmp_path: Path) -> None:
    subject = SUBJECTS[key]
    with ExitStack() as stack:
        modes = [perform(client, key) for client in subject.start(Context(frs_server, tmp_path, stack))]
    assert all(results == modes[0] for results in modes)
    RESULTS[key] = modes[0]


def perform(client: Client, name: str) -> Results:
    state, results = ClientState(f"{name} é 中"), {}
    for step in STEPS:
        try:
            response = client.send(step.operation, step.kind, step.request(state))
        except UnsupportedError as reason:
            results[step.name] = str(reason)
            if step.name == ("add faces", "file"):  # later steps need the face
                added = client.send("add faces", "base64", enrolment_without_form(state))
                assert step.holds(state, added)
        else:
            assert step.holds(state, response), (step.name, response)
            results[step.name] = "pass"
    return results


def table() -> str:
    """Return a row for each client, and a note for each set of operations that some clients cannot send."""
    notes = list[str]()
    lines = ["| client | version | run | operations |", "| --- | --- | --- | --- |"]
    for key, results in RESULTS.items():
        subject, note = SUBJECTS[key], note_of(results)
        if note and note not in notes:
            notes.append(note)
        passed = f"{list(results.values()).count('pass')} of {len(results)}"
        reference = f" ({notes.index(note) + 1})" if note else ""
        lines.append(f"| {subject.name} | {subject.version()} | {subject.form} | {passed}{reference} |")
    numbered = [f"({number}) {note}\n" for number, note in enumerate(notes, 1)]
    return "\n".join(
        [*lines, "", f"Operations, with their inputs: {listed(step.name for step in STEPS)}.", "", *numbered]
    )


def note_of(results: Results) -> str:
    by_reason = defaultdict[str, list[tuple[str, str]]](list)
    for step, result in results.items():
        if result != "pass":
            by_reason[result].append(step)
    return " ".join(f"{reason[0].upper()}{reason[1:]}: {listed(steps)}." for reason, steps in by_reason.items())


def listed(steps: Iterable[tuple[str, str]]) -> str:
    """Return operations, each with its inputs."""
    kinds = defaultdict[str, list[str]](list)
    for operation, kind in steps:
        kinds[operation].append(kind)
    return "; ".join(f"{name} ({', '.join(each)})" if each != ["-"] else name for name, each in kinds.items())


def test_the_documented_table_has_the_measured_results() -> None:
    if RESULTS.keys() != SUBJECTS.keys():
        pytest.skip("not every client was tested: run make clients")
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    published, mark, after = rest.partition(END)
    assert mark
    if os.environ.get("OPENFRS_WRITE_DOCS"):
        PAGE.write_text(before + BEGIN + table() + END + after, "utf-8")
        return
    assert published == table(), "write it again with OPENFRS_WRITE_DOCS=1"
