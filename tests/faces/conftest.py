"""Services in this process with fake models."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from openfrs.core.settings import Settings
from openfrs.services import Services
from tests.support.fake_models import FakePipeline
from tests.support.projects import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project without face sets."""
    services = Services.open(Settings(data=tmp_path, threads=2), FakePipeline())
    try:
        assert services.bootstrap("http://127.0.0.1")
        yield Project(services, json.loads((tmp_path / "credentials.json").read_text())["project_id"])
    finally:
        services.close()
