"""HTTPS: served to the official SDK, renewed without a restart, and refused where the key is not kept."""

import signal
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from huaweicloudsdkfrs.v2 import ShowAllFaceSetsRequest

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.server.tls import Certificate, certificate_of
from tests.support.certificates import SelfSigned, self_signed
from tests.support.commands import refused, run
from tests.support.servers import fake_server_command, running, sdk_client


def served_at(endpoint: str) -> str:
    """The certificate that a new connection is given, PEM."""
    url = httpx.URL(endpoint)
    assert url.port is not None
    return ssl.get_server_certificate((url.host, url.port), timeout=20)


def until(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold within a time that is long for it."""
    for _ in range(200):
        if holds():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_sdk_is_served_and_a_renewed_certificate_needs_no_restart(tmp_path: Path, workers: str) -> None:
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
            # a connection goes to any of the workers, so a few in a row must all have the new one
            assert until(lambda: all(served_at(server.endpoint) == renewed for _ in range(6)))
            assert kept.get("/ready").status_code == 200
        pair.certificate.write_text("no certificate")
        server.process.send_signal(signal.SIGHUP)
        assert until(lambda: server.log.read_text().count("the certificate was not reloaded") == int(workers))
        assert served_at(server.endpoint) == renewed


def test_old_versions_of_tls_are_refused(tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    client = ssl.create_default_context(cafile=pair.certificate)
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        _shake_hands(Certificate(pair.certificate, pair.key).context, client)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o620])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    pair = self_signed(tmp_path)
    pair.key.chmod(mode)
    with pytest.raises(OperatorError, match="other users can read the private key"):
        Certificate(pair.certificate, pair.key)


def test_what_cannot_be_served_is_refused(tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    (tmp_path / "other").mkdir()
    other = self_signed(tmp_path / "other")
    with pytest.raises(OperatorError, match="cannot serve HTTPS"):
        Certificate(pair.certificate, other.key)
    with pytest.raises(OperatorError, match="No such file"):
        Certificate(tmp_path / "none", pair.key)
    with pytest.raises(OperatorError, match="cannot read"):
        Certificate(pair.certificate, tmp_path / "none")
    with pytest.raises(OperatorError, match="needs both"):
        certificate_of(Settings(tls_certificate=pair.certificate))
    locked = self_signed(tmp_path, password=b"asked of nobody")
    with pytest.raises(OperatorError, match="the key has a password"):
        Certificate(locked.certificate, locked.key)


def test_a_renewal_that_fails_leaves_the_pair_whole(tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    served = Certificate(pair.certificate, pair.key)
    key = pair.key.read_bytes()
    self_signed(tmp_path)
    pair.key.write_bytes(key)  # the certificate is new, the key is not yet
    served.reload()
    client = ssl.create_default_context(cafile=pair.certificate)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    _shake_hands(served.context, client)


def test_serve_refuses_before_anything_is_made(tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    pair.key.chmod(0o644)
    data = tmp_path / "data"
    command = ["serve", "--data", str(data), "--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key)]
    assert refused(run(*command)) == f"openfrs: other users can read the private key {pair.key}; run {_remedy(pair)}"
    assert not data.exists()


def _remedy(pair: SelfSigned) -> str:
    return f"chmod {'640' if pair.key.stat().st_uid == 0 else '600'} {pair.key}"


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """A handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_side=False, server_hostname="localhost"),
    ]
    open_ends = list(ends)
    for _ in range(10):
        for end in list(open_ends):
            try:
                end.do_handshake()
                open_ends.remove(end)
            except ssl.SSLWantReadError:
                continue
    assert not open_ends
