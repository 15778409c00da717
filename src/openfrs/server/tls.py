"""The HTTPS certificate: loading, checks and reloading."""

import logging
import signal
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings

log = logging.getLogger("openfrs.certificate")


class Certificate:
    """A certificate, its private key, their TLS context, and the time at which the certificate expires.

    Raises:
        OperatorError: The files cannot be used, do not belong together, or other users can read the key.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate, self._key = certificate, key
        self.context = _context()
        self._load_into(self.context)

    def reload(self) -> None:
        """Use the current content of the files for new connections; keep the previous certificate if it is invalid."""
        try:
            self._load_into(_context())  # a failure must not leave half a pair in the context in use
            self._load_into(self.context)
        except OperatorError as error:
            log.error("the certificate was not reloaded: %s", error)
        else:
            log.info("the certificate was reloaded from %s", self._certificate)

    def _load_into(self, context: ssl.SSLContext) -> None:
        _check_key_permissions(self._key)
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
            self.expires_at = x509.load_pem_x509_certificates(self._certificate.read_bytes())[0].not_valid_after_utc
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            reason = error.strerror or error if isinstance(error, OSError) else error
            raise OperatorError(f"cannot serve HTTPS with {self._certificate} and {self._key}: {reason}") from error


def certificate_of(settings: Settings) -> Certificate | None:
    """Load the certificate of the settings, or return None if none is set.

    Raises:
        OperatorError: The certificate cannot be used, or only one of its two files is set.
    """
    if settings.tls_certificate is None and settings.tls_key is None:
        return None
    if settings.tls_certificate is None or settings.tls_key is None:
        raise OperatorError("HTTPS needs both a certificate and a key; set OPENFRS_TLS_CERTIFICATE and OPENFRS_TLS_KEY")
    return Certificate(settings.tls_certificate, settings.tls_key)


@contextmanager
def reloaded_on_hangup(certificate: Certificate | None) -> Iterator[None]:
    """Reload the certificate on SIGHUP while the block runs; without a certificate, do nothing. Main thread only."""
    if certificate is None:
        yield
        return
    previous = signal.signal(signal.SIGHUP, lambda *_: certificate.reload())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, previous)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _no_password() -> str:
    """Reject encrypted keys; OpenSSL would prompt for the password on the terminal."""
    raise ValueError("the key has a password; store it without one, readable by the server only")


def _check_key_permissions(key: Path) -> None:
    """Apply PostgreSQL's rule: mode 0600 at most, or 0640 for a key that root owns."""
    try:
        status = key.stat()
    except OSError as error:
        raise OperatorError(f"cannot read {key}: {error.strerror}") from error
    allowed = 0o640 if status.st_uid == 0 else 0o600
    if stat.S_IMODE(status.st_mode) & ~allowed & 0o077:
        raise OperatorError(f"other users can read the private key {key}; run chmod {allowed:o} {key}")
