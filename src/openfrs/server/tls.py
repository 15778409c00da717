"""The certificate that HTTPS is served with: checked before it is used, and read again when it was renewed."""

import logging
import signal
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings

log = logging.getLogger("openfrs.certificate")


class Certificate:
    """A certificate with its key, and the TLS context that serves it.

    Raises:
        OperatorError: they cannot be used, do not belong together, or others can read the key.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate, self._key = certificate, key
        self.context = _context()
        self._load_into(self.context)

    def reload(self) -> None:
        """Serve connections made from now on with what the files hold now; what was there stays where that is no good."""
        try:
            self._load_into(_context())  # a failed attempt would leave the context in use with half a pair
            self._load_into(self.context)
        except OperatorError as error:
            log.error("the certificate was not renewed: %s", error)
        else:
            log.info("the certificate was read again from %s", self._certificate)

    def _load_into(self, context: ssl.SSLContext) -> None:
        _refuse_open_key(self._key)
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            reason = error.strerror or error if isinstance(error, OSError) else error
            raise OperatorError(f"cannot serve HTTPS with {self._certificate} and {self._key}: {reason}") from error


def certificate_of(settings: Settings) -> Certificate | None:
    """The certificate that is set, if one is.

    Raises:
        OperatorError: it cannot be used, or one of its two files is not set.
    """
    if settings.tls_certificate is None and settings.tls_key is None:
        return None
    if settings.tls_certificate is None or settings.tls_key is None:
        raise OperatorError("HTTPS needs both OPENFRS_TLS_CERTIFICATE and OPENFRS_TLS_KEY")
    return Certificate(settings.tls_certificate, settings.tls_key)


@contextmanager
def reloaded_on_hangup(certificate: Certificate | None) -> Iterator[None]:
    """While it lasts SIGHUP reloads the certificate; without one the signal keeps its meaning. For the main thread."""
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
    """OpenSSL would ask the terminal for it, and a server has none."""
    raise ValueError("the key has a password; write it without one, readable by the server alone")


def _refuse_open_key(key: Path) -> None:
    """As PostgreSQL has it: the owner alone may read a key, or where root owns it root and a group."""
    try:
        status = key.stat()
    except OSError as error:
        raise OperatorError(f"cannot read {key}: {error.strerror}") from error
    allowed = 0o640 if status.st_uid == 0 else 0o600
    if stat.S_IMODE(status.st_mode) & ~allowed & 0o077:
        raise OperatorError(f"others can reach the private key {key}; run chmod {allowed:o} {key}")
