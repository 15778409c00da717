"""The catalogue of errors, and the body of each entry."""

import ast
import csv
import io
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

import openfrs
from openfrs.core.errors import Envelope, ServiceError, catalogue, missing_extra, render, wrong_format
from tests.support.servers import REPOSITORY

DOCUMENTED = """
FRS.0002,400
FRS.0010,400
FRS.0011,400
FRS.0012,400
FRS.0013,400
FRS.0014,400
FRS.0015,400
FRS.0016,400
FRS.0017,400
FRS.0018,500
FRS.0019,400
FRS.0020,400
FRS.0021,400
FRS.0022,400
FRS.0023,400
FRS.0024,400
FRS.0027,400
FRS.0028,403
FRS.0032,400
FRS.0033,429
FRS.0035,400
FRS.0036,400
FRS.0202,400
FRS.0203,400
FRS.0301,400
FRS.0302,400
FRS.0303,400
FRS.0304,400
FRS.0401,400
FRS.0402,400
FRS.0403,400
FRS.0404,400
FRS.0405,400
FRS.0406,400
FRS.0407,400
FRS.0501,400
FRS.0701,400
FRS.0702,400
FRS.0703,400
FRS.0704,400
FRS.0705,400
FRS.0706,400
FRS.0707,400
APIG.0101,404
APIG.0103,500
APIG.0104,500
APIG.0105,500
APIG.0106,400
APIG.0107,500
APIG.0201,400
APIG.0201,413
APIG.0201,414
APIG.0201,494
APIG.0201,500
APIG.0201,502
APIG.0201,504
APIG.0202,502
APIG.0204,400
APIG.0301,401
APIG.0302,403
APIG.0303,401
APIG.0304,403
APIG.0305,401
APIG.0306,403
APIG.0307,401
APIG.0308,429
APIG.0310,403
APIG.0311,401
APIG.0401,403
APIG.0402,403
APIG.0404,403
APIG.0501,405
APIG.0502,405
APIG.0601,500
APIG.0602,400
APIG.0605,500
APIG.0606,500
APIG.0607,400
APIG.0608,500
APIG.0609,500
APIG.0610,502
APIG.0611,500
APIG.0612,500
APIG.0613,503
APIG.0705,500
APIG.0802,403
APIG.1009,400
"""
"""Codes and statuses as Huawei documents them; FRS.0002 with the status of "Creating a Facial Image Library"."""

RETIRED = {f"FRS.{number}" for number in ("0115", "0116", "0117", "0120", "0601", "0708", "0709", "0751")}

FIXED_TEXTS = {
    "FRS.0002": "The authentication token is abnormal.",
    "FRS.0014": "The JSON format of the input data is incorrect.",
    "FRS.0018": "The service inner error.",
    "FRS.0019": "The service has not been subscribed.",
    "FRS.0021": "The URL is invalid.",
    "FRS.0303": "The face id is not exist, checkout your input.",
    "FRS.0404": "Detect no face, can not add it to face set.",
    "FRS.0407": "All the data not suitable, no data to be deleted.",
    "FRS.0501": "Detect no face, check out your picture.",
    "FRS.0701": "Parse video data failed.",
    "FRS.0704": "The number of action exceed 10.",
    "FRS.0707": "Detect no face, check out your picture.",
    "APIG.0101": "The API does not exist or has not been published in the environment.",
    "APIG.0307": "The token must be updated.",
}

KEYS = sorted(catalogue())
SOURCE = Path(openfrs.__file__).parent


def keys_in_code(path: Path) -> set[str]:
    """Return the keys of the catalogue that a module contains as strings outside docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    strings = {str(node.value) for node in nodes if isinstance(node, ast.Constant) and id(node) not in docstrings}
    return strings & catalogue().keys()


def documented() -> dict[str, set[int]]:
    statuses: dict[str, set[int]] = defaultdict(set)
    for code, status in csv.reader(io.StringIO(DOCUMENTED.strip())):
        statuses[code].add(int(status))
    return statuses


def test_every_documented_code_has_its_status_and_no_other_code_exists() -> None:
    statuses: dict[str, set[int]] = defaultdict(set)
    for entry in catalogue().values():
        if entry.envelope is not Envelope.IAM:
            statuses[entry.code].add(entry.status)
    assert statuses == {
        **documented(),
        "APIG.0201": documented()["APIG.0201"]
        | {415, 503},  # OpenFRS's own: compressed; no index to search, no models yet
        "FRS.0002": {400, 401},  # clients log in again only on 401
        "FRS.0018": documented()["FRS.0018"] | {503},  # OpenFRS's own: work on an image that was stopped
    }


def test_the_catalogue_marks_the_errors_that_are_raised() -> None:
    modules = [
        path for path in SOURCE.rglob("*.py") if "openapi" not in path.parts
    ]  # openapi documents errors and raises none
    raised = set[str]().union(*map(keys_in_code, modules))
    assert raised == {entry.key for entry in catalogue().values() if entry.raised}


def test_retired_codes_are_not_in_the_catalogue() -> None:
    assert RETIRED.isdisjoint(entry.code for entry in catalogue().values())


@pytest.mark.parametrize("key", KEYS)
def test_an_entry_is_rendered_in_its_envelope(key: str) -> None:
    entry = catalogue()[key]
    arguments = [f"argument {number}" for number in range(entry.message.count("{}"))]
    message = entry.message
    for argument in arguments:
        message = message.replace("{}", argument, 1)
    expected = {
        Envelope.FRS: {"error_code": entry.code, "error_msg": message},
        Envelope.GATEWAY: {"error_code": entry.code, "error_msg": message, "request_id": "the id"},
        Envelope.IAM: {"error": {"code": entry.status, "message": message, "title": entry.code}},
    }
    assert render(ServiceError(key, *arguments), "the id") == expected[entry.envelope]


@pytest.mark.parametrize("key", KEYS)
def test_an_entry_takes_exactly_its_arguments(key: str) -> None:
    expected = catalogue()[key].message.count("{}")
    for count in {expected - 1, expected + 1} - {-1}:
        with pytest.raises(TypeError):
            ServiceError(key, *["x"] * count)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_the_code_and_the_status_if_codes_repeat(key: str) -> None:
    entry = catalogue()[key]
    by_envelope = {
        Envelope.FRS: {
            entry.code,
            *(f"{entry.code}/{variant}" for variant in (entry.status, "policy", "url", "base64")),
        },
        Envelope.GATEWAY: {entry.code, *(f"{entry.code}/{variant}" for variant in (entry.status, "held", "loading"))},
        Envelope.IAM: {f"IAM.{entry.status}", f"IAM.{entry.status}/password"},
    }
    assert key in by_envelope[entry.envelope]
    assert (entry.envelope is Envelope.FRS) == entry.code.startswith("FRS.")
    assert (entry.envelope is Envelope.GATEWAY) == entry.code.startswith("APIG.")
    assert entry.message.strip() == entry.message != ""


@pytest.mark.parametrize("key", sorted(FIXED_TEXTS))
def test_documented_texts_are_verbatim(key: str) -> None:
    assert catalogue()[key].message == FIXED_TEXTS[key]


def test_braces_in_an_argument_are_not_interpreted() -> None:
    assert ServiceError("FRS.0302", "{face_set_name}{}").message == "The face set {face_set_name}{} does not exist."


def test_wrong_format_names_parameter_and_reason() -> None:
    error = wrong_format("top_n", "too large")
    assert (error.entry.code, error.message) == ("FRS.0012", "The request param has wrong format, top_n: too large")


def test_an_unknown_key_raises_a_key_error() -> None:
    with pytest.raises(KeyError):
        ServiceError("FRS.9999")


def test_a_missing_extra_names_the_environment_to_install_it_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/my service/bin/python")
    message = str(missing_extra("archives need pyarrow", "archive"))
    assert message == "archives need pyarrow; run: '/opt/my service/bin/python' -m pip install 'openfrs[archive]'"


def test_every_extra_that_a_message_names_exists() -> None:
    package = Path(openfrs.__file__).parent
    calls = [
        node
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "missing_extra"
    ]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert {ast.literal_eval(call.args[1]) for call in calls} == set(project["optional-dependencies"])
