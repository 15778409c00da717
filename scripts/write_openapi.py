"""Write the OpenAPI document to a file, without examples: the console's TypeScript types are generated from it."""

import json
import sys
from pathlib import Path
from typing import Any

from openfrs.api.app import create_routes


def document() -> dict[str, Any]:
    """Return the OpenAPI document of all routes."""
    return create_routes().openapi()


def without_examples(value: Any) -> Any:
    """Remove the examples from a part of a document: generated types would repeat them as comments."""
    if isinstance(value, dict):
        return {key: without_examples(each) for key, each in value.items() if key not in {"example", "examples"}}
    return [without_examples(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(without_examples(document()), indent=1) + "\n", "utf-8")
