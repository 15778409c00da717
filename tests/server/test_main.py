"""The configuration of the HTTP server."""

from pathlib import Path
from typing import Any

import pytest
import uvicorn

from openfrs.core.settings import Settings
from openfrs.server.main import serve
from tests.support.fake_models import identify, load


class ConfiguredError(Exception):
    """Ends the server when it is configured."""


@pytest.mark.parametrize(("settings", "seconds"), [({}, 75), ({"keep_alive": 20}, 20)])
def test_connections_stay_open_between_requests(
    settings: dict[str, Any], seconds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {}

    def configure(_app: object, **given: Any) -> None:
        options.update(given)
        raise ConfiguredError

    monkeypatch.setattr(uvicorn, "Config", configure)
    with pytest.raises(ConfiguredError):
        serve(Settings(data=tmp_path / "data", port=0, **settings), load_pipeline=load, identify_models=identify)
    assert options["timeout_keep_alive"] == seconds
