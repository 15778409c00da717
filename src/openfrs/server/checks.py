"""Checks of the settings that a server reads when it starts, beyond its data and its models."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from openfrs.accounts.counters import open_counters
from openfrs.core.clock import utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.findings import Finding, Status
from openfrs.core.settings import LOCAL_COUNTERS, Settings
from openfrs.core.telemetry.exposition import metrics_address
from openfrs.media.fetching.rules import FetchRules

from .tls import certificate_of

_LEAST_VALIDITY: Final = timedelta(days=14)
"""Remaining validity of a certificate below which it should have been renewed."""


def check_start(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for the settings and one for the certificate, for the reasons for which the server would not start."""
    try:
        metrics_address(settings)
        FetchRules.from_settings(settings)
        if settings.counters != LOCAL_COUNTERS:
            open_counters(settings)
        if settings.index == "milvus" and settings.milvus is None:
            raise OperatorError("set OPENFRS_MILVUS, such as http://host:19530, for the index on Milvus")
    except OperatorError as error:
        yield Finding("settings", Status.FAILED, str(error))
    else:
        yield Finding("settings", Status.OK, "the server accepts them")
    yield _check_certificate(settings)


def _check_certificate(settings: Settings) -> Finding:
    try:
        certificate = certificate_of(settings)
    except OperatorError as error:
        return Finding("certificate", Status.FAILED, str(error))
    if certificate is None:
        return Finding("certificate", Status.OK, "none; the server uses HTTP")
    left = certificate.expires_at - utc_now()
    if left <= timedelta(0):
        return Finding("certificate", Status.FAILED, f"expired {certificate.expires_at:%Y-%m-%d %H:%M} UTC; renew it")
    message = f"expires in {left.days} days"
    if left < _LEAST_VALIDITY:
        return Finding("certificate", Status.WARNING, f"{message}; renew it and send SIGHUP to the server")
    return Finding("certificate", Status.OK, message)
