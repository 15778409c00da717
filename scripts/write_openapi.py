"""Write the service's OpenAPI document to a file, without its examples: what the console's types are generated from."""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

from fastapi import FastAPI

from openfrs.api.app import create_app
from openfrs.core.settings import Settings
from openfrs.services import Services
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.runtime.session import Execution


class _NoModels:
    """Stands for the models, none of which the document asks."""

    embedder = "sface"
    dimension = 128
    mirrored = False
    executions: ClassVar[Mapping[str, Execution]] = {}


def document() -> dict[str, Any]:
    """The document of the application, for which no models need to be loaded."""
    with tempfile.TemporaryDirectory() as data:
        services = Services.open(Settings(data=Path(data)), cast(Pipeline, _NoModels()))
        try:
            app = cast(Any, create_app(services))._app  # the application within its request context
            return cast(FastAPI, app).openapi()
        finally:
            services.close()


def bare(value: Any) -> Any:
    """A part of a document without its examples, which types would repeat as comments."""
    if isinstance(value, dict):
        return {key: bare(each) for key, each in value.items() if key not in {"example", "examples"}}
    return [bare(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(bare(document()), indent=1) + "\n", "utf-8")
