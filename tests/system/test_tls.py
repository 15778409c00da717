"""HTTPS on a running server, and certificates renewed without a restart."""

import signal
import ssl
from pathlib import Path

import httpx
import pytest
from huaweicloudsdkfrs.v2 import ShowAllFaceSetsRequest

from tests.support.certificates import SelfSigned, self_signed
from tests.support.commands import refused, run
from tests.support.servers import fake_server_command, running, sdk_client
from tests.support.waiting import wait_until


def served_at(endpoint: str) -> str:
    """Return the certificate of a new connection, PEM."""
    url = httpx.URL(endpoint)
    assert url.port is not None
    return ssl.get_server_certificate((url.host, url.port), timeout=20)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_renewed_certificate_is_loaded_without_a_restart(tmp_path: Path, workers: str) -> None:
    pair, data = self_signed(tmp_path), tmp_path / "data"
    environment = {**pair.environment, "OPENFRS_WORKERS": workers}
    with running(fake_server_command(data), data, environment=environment) as server:
        assert server.endpoint.startswith("https://")
        assert server.credentials["endpoint"] == server.endpoint
        before = pair.certificate.read_text()
        assert served_at(server.endpoint) == before
        sdk = sdk_client(server.endpoint, server.credentials, certificate=pair.certificate)
        assert sdk.show_all_face_sets(ShowAllFaceSetsRequest()).face_sets_info == []
        with httpx.Client(base_url=server.endpoint, verify=ssl.create_default_context(cafile=pair.certificate)) as kept:
            assert kept.get("/ready").status_code == 200
            self_signed(tmp_path)
            server.process.send_signal(signal.SIGHUP)
            renewed = pair.certificate.read_text()
            assert renewed != before
            # a connection reaches any of the workers, so several in a row must have the new certificate
            wait_until(lambda: all(served_at(server.endpoint) == renewed for _ in range(6)))
            assert kept.get("/ready").status_code == 200
        pair.certificate.write_text("no certificate")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.log.read_text().count("the certificate was not reloaded") == int(workers))
        assert served_at(server.endpoint) == renewed


def test_a_readable_private_key_stops_serve_before_it_creates_anything(tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    pair.key.chmod(0o644)
    data = tmp_path / "data"
    command = ["serve", "--data", str(data), "--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key)]
    assert refused(run(*command)) == f"openfrs: other users can read the private key {pair.key}; run {_remedy(pair)}"
    assert not data.exists()


def _remedy(pair: SelfSigned) -> str:
    return f"chmod {'640' if pair.key.stat().st_uid == 0 else '600'} {pair.key}"
