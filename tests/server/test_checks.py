"""The doctor rejects the settings for which a server would not start, and warns before the certificate expires."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.findings import Status
from openfrs.core.settings import Settings
from openfrs.server import checks
from openfrs.server.checks import check_start
from openfrs.server.main import serve
from openfrs.server.tls import certificate_of
from tests.support.certificates import self_signed


def findings(settings: Settings) -> dict[str, tuple[Status, str]]:
    return {finding.part: (finding.status, finding.text) for finding in check_start(settings)}


def test_the_default_settings_are_accepted(tmp_path: Path) -> None:
    assert {part: status for part, (status, _) in findings(Settings(data=tmp_path)).items()} == {
        "settings": Status.OK,
        "certificate": Status.OK,
    }
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "wrong",
    [
        {"metrics": "0.0.0.0:9464"},
        {"metrics": "nowhere"},
        {"url_networks": "10.0.0.0/99"},
        {"obs_endpoint": "https://s3.example"},
        {"counters": "nothing://x"},
        {"index": "milvus"},
    ],
)
def test_settings_that_stop_a_server_are_reported(tmp_path: Path, wrong: dict[str, Any]) -> None:
    status, text = findings(Settings(data=tmp_path, **wrong))["settings"]
    assert status is Status.FAILED
    assert "setting" in text or "set OPENFRS_" in text


def test_a_certificate_that_stops_a_server_is_reported_in_the_same_words(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", tls_certificate=tmp_path / "none.crt", tls_key=tmp_path / "none.key")
    with pytest.raises(OperatorError) as refusal:
        serve(settings)
    assert findings(settings)["certificate"] == (Status.FAILED, str(refusal.value))


@pytest.mark.parametrize(
    ("days", "status"), [(30, Status.OK), (0.5, Status.WARNING), (-30, Status.FAILED)], ids=["long", "soon", "expired"]
)
def test_the_expiry_of_the_certificate_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: float, status: Status
) -> None:
    files = self_signed(tmp_path)
    settings = Settings(data=tmp_path, tls_certificate=files.certificate, tls_key=files.key)
    certificate = certificate_of(settings)
    assert certificate is not None
    present = certificate.expires_at - timedelta(days=days)
    monkeypatch.setattr(checks, "utc_now", lambda: present)
    assert findings(settings)["certificate"][0] is status
