"""The operations of the client are those of the OpenAPI document, with its types."""

import json
import runpy
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from openfrs.api.app import create_routes
from openfrs.client import operations
from openfrs.client.calls import Call
from tests.support.servers import REPOSITORY

SCRIPT = runpy.run_path(str(REPOSITORY / "scripts" / "write_client.py"))
DOCUMENT = create_routes().openapi()


def documented() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the operations of the document by the name of their function in the client."""
    for path, by_method in DOCUMENT["paths"].items():
        for operation in by_method.values():
            yield SCRIPT["_snake"](operation["operationId"]), {**operation, "path": path}


def test_the_modules_are_generated_from_the_document() -> None:
    for name, text in SCRIPT["modules"](DOCUMENT).items():
        assert (SCRIPT["FOLDER"] / name).read_text("utf-8") == text, f"{name}: run python scripts/write_client.py"
    assert {path.name for path in SCRIPT["FOLDER"].glob("*.py")} == set(SCRIPT["modules"](DOCUMENT))


def test_every_extension_and_every_operation_of_frs_has_a_function() -> None:
    for name, operation in documented():
        if operation["path"].startswith(("/v2/", "/x/v1/")):
            assert name in operations.__all__, name
    assert {"detect_silent_liveness", "show_subscribes", "subscribe"} <= set(operations.__all__)


@pytest.mark.parametrize("name", operations.__all__)
def test_the_type_of_a_result_has_every_key_of_the_example(name: str) -> None:
    """No key of a response is lost, so that a change of the document changes the types."""
    (operation,) = (each for key, each in documented() if key == name)
    hints = typing.get_type_hints(getattr(operations, name))
    assert typing.get_origin(hints["return"]) is Call
    (result,) = typing.get_args(hints["return"])
    succeeded = (response for status, response in operation["responses"].items() if status < "3")
    contents = next(succeeded).get("content", {})
    if not contents:
        assert result is type(None)
    elif not any("json;" in kind for kind in contents):
        assert result is str
    else:
        (content,) = contents.values()
        parsed = TypeAdapter(result).validate_json(json.dumps(content["example"]))
        assert isinstance(parsed, BaseModel)
        assert parsed.model_dump(mode="json", by_alias=True, exclude_unset=True) == content["example"]


def test_parts_of_a_path_are_percent_encoded() -> None:
    call = operations.show_face_set("a b/ü%")
    assert call.path == "/v2/{project_id}/face-sets/a%20b%2F%C3%BC%25"
