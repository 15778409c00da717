"""What the API's document says about refusals."""

import re

import httpx

from openfrs.errors import catalogue
from tests.running import REPOSITORY, RunningServer


def test_every_refusal_of_the_service_is_documented(server: RunningServer) -> None:
    """The document names what the sources raise, no more and no less."""
    keys = "|".join(map(re.escape, sorted(catalogue(), key=len, reverse=True)))
    sources = (path for path in (REPOSITORY / "src").rglob("*.py") if path.name != "refusals.py")
    raised = {key for path in sources for key in re.findall(f'"({keys})"', path.read_text())}
    document = httpx.get(f"{server.endpoint}/openapi.json").json()
    told = {
        key.replace("-", "/")
        for response in document["components"]["responses"].values()
        for content in response["content"].values()
        for key in content["examples"]
    }
    assert told == raised
