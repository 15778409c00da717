"""Requests generated from the OpenAPI document, sent to a running server: every response matches the document."""

import collections
import re
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.pytest.lazy import get_all_tests

from tests.support.api_objects import SAMPLE, Objects
from tests.support.fake_models import photo
from tests.support.fuzzing import TIMES
from tests.support.schema_values import fill
from tests.support.servers import RunningServer, fake_server_command, running

CONFIG: Final = f"""
[generation]
max-examples = {5 * TIMES}
deterministic = {"true" if TIMES == 1 else "false"}
with-security-parameters = false

[checks.negative_data_rejection] # a query that is too long for its schema may be too long for a request
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 414, 429, 494]

[checks.positive_data_acceptance] # an image without a face, a name that is taken: valid by the schema, and rejected
enabled = false

[checks.ignored_auth] # expects 401 or 403, but FRS rejects an unreadable token with 400; accounts/test_protection.py tests this
enabled = false
"""
"""A few requests of each kind, the same in each run, except in ``make fuzz``."""


SHORT: Final = """
[phases.coverage]
unexpected-methods = ["PATCH"]

[[operations]]
include-path-regex = "^/v1/[^/]+/(face-|face/|live-detect$)"
phases.coverage.enabled = false
"""
"""Left to ``make fuzz``: other methods, and boundary values under ``/v1``."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A separate server without quotas: guessed passwords would lock the account of a shared one."""
    data = tmp_path_factory.mktemp("fuzzed") / "data"
    models = data.with_name("models")
    (models / "samples").mkdir(parents=True)
    (models / "samples" / SAMPLE).write_bytes(photo((200, 90, 90), suffix=".jpg"))
    unbounded = {
        "OPENFRS_MODELS": str(models),
        "OPENFRS_RATE": "0",
        "OPENFRS_SLOW_RATE": "0",
        "OPENFRS_MAX_FACE_SETS": "1000",
    }
    with running(fake_server_command(data), data, environment=unbounded) as started:
        yield started
    assert "Traceback" not in started.log.read_text()


@pytest.fixture(scope="module")
def objects(fuzzed: RunningServer) -> Iterator[Objects]:
    with fuzzed.http() as http:
        yield Objects(fuzzed, http)


@pytest.fixture(scope="module")
def document(fuzzed: RunningServer) -> dict[str, Any]:
    read: dict[str, Any] = httpx.get(f"{fuzzed.endpoint}/openapi.json").json()
    return read


@pytest.fixture(scope="module")
def described(document: dict[str, Any], fuzzed: RunningServer) -> Any:
    load_all_checks()
    schema = schemathesis.openapi.from_dict(
        document, config=SchemathesisConfig.from_str(CONFIG + (SHORT if TIMES == 1 else ""))
    )
    schema.config.update(base_url=fuzzed.endpoint)
    return schema


@pytest.fixture(scope="module")
def session(objects: Objects) -> Iterator[requests.Session]:
    with requests.Session() as signed_in:
        signed_in.headers["X-Auth-Token"] = objects.http.headers["X-Auth-Token"]
        yield signed_in


@pytest.fixture(scope="module")
def answered() -> dict[str, collections.Counter[int]]:
    """Number of responses by operation and status."""
    return collections.defaultdict(collections.Counter)


@pytest.mark.fuzz
def test_every_response_matches_the_document(
    described: Any,
    objects: Objects,
    session: requests.Session,
    answered: dict[str, collections.Counter[int]],
    subtests: pytest.Subtests,
) -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        fill(case, objects)
        response = case.call(session=session, timeout=60)
        answered[case.operation.label][response.status_code] += 1
        if response.status_code < 300:
            if case.operation.label.endswith("/limits"):
                objects.restore_limits()
            if case.method in {"PUT", "DELETE"} or re.search("/liveness-sessions/|/people/", case.operation.path):
                objects.used(deletes_user=case.method == "DELETE" and case.operation.path.endswith("/users/{user_id}"))
            if case.operation.label.endswith("/face-sets") and case.method == "POST":
                objects.delete_face_set(case.body["face_set_name"])
        case.validate_response(response, transport_kwargs={"session": session})

    for found in get_all_tests(schema=described, test_func=ask, settings=None, given_kwargs=None):
        assert isinstance(found, Ok)
        operation, asking = found.ok()
        with subtests.test(operation.label):
            asking()


def test_every_operation_succeeded(document: dict[str, Any], answered: dict[str, collections.Counter[int]]) -> None:
    """Otherwise the schema of the successful response was not tested."""
    if not answered:
        pytest.skip("the test above has not run")
    labels = {f"{method.upper()} {path}" for path, operations in document["paths"].items() for method in operations}
    assert labels == answered.keys()
    failing = [label for label in labels if not any(200 <= status < 300 for status in answered[label])]
    assert {label: dict(answered[label]) for label in failing} == {}
    assert [label for label in labels if any(status >= 500 for status in answered[label])] == []
