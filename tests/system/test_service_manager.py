"""Notifications to a service manager."""

import signal
import socket
from pathlib import Path

import pytest

from openfrs.server.service_manager import notify_ready
from tests.support.servers import fake_server_command, running


@pytest.mark.parametrize("workers", ["1", "2"])
def test_readiness_is_notified_and_a_reload_without_certificate_changes_nothing(tmp_path: Path, workers: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "OPENFRS_WORKERS": workers}
        command = fake_server_command(tmp_path / "data")
        with running(command, tmp_path / "data", environment=environment) as server:
            assert manager.recv(64) == b"READY=1"
            server.process.send_signal(signal.SIGHUP)
            assert server.anonymous.get("/ready").status_code == 200
            assert server.process.poll() is None


def test_a_name_in_the_abstract_namespace_is_notified(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{tmp_path}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{tmp_path}")
        notify_ready()
        assert manager.recv(64) == b"READY=1"


def test_a_missing_manager_is_logged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nothing"))
    notify_ready()
    assert "cannot notify the service manager: No such file or directory" in caplog.text
