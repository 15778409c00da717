"""Certificates: supported TLS versions, permissions of the key, and renewal."""

import ssl
from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.server.tls import Certificate, certificate_of
from tests.support.certificates import SelfSigned, self_signed


def test_old_versions_of_tls_are_rejected(tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    client = ssl.create_default_context(cafile=pair.certificate)
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        _shake_hands(Certificate(pair.certificate, pair.key).context, client)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o620])
def test_a_key_that_others_can_read_is_rejected(tmp_path: Path, mode: int) -> None:
    pair = self_signed(tmp_path)
    pair.key.chmod(mode)
    with pytest.raises(OperatorError, match="other users can read the private key"):
        Certificate(pair.certificate, pair.key)


def test_invalid_certificates_are_rejected(tmp_path: Path) -> None:
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


def test_a_failed_renewal_keeps_the_previous_pair(tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    served = Certificate(pair.certificate, pair.key)
    key = pair.key.read_bytes()
    self_signed(tmp_path)
    pair.key.write_bytes(key)  # the certificate is new, but not the key
    served.reload()
    client = ssl.create_default_context(cafile=pair.certificate)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    _shake_hands(served.context, client)


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
