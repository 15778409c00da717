"""A readiness probe of the server that runs with the same settings on this machine."""

import http.client
import ssl
from http import HTTPStatus

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings

from .endpoints import reachable_host


def require_ready(settings: Settings, timeout_seconds: float) -> None:
    """Request ``/ready`` of the server, directly and never by a proxy of the environment.

    The certificate of a server with HTTPS is not verified: its names are those that clients use.

    Raises:
        OperatorError: no server listens, or it is not ready.
    """
    if settings.port == 0:
        raise OperatorError("the server chooses its port itself: set OPENFRS_PORT to one that can be probed")
    host = reachable_host(settings.host)
    try:
        connection = _connection(settings, host, timeout_seconds)
        connection.request("GET", "/ready")
        status = connection.getresponse().status
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise OperatorError(f"no server responds on {host}:{settings.port}: {error}") from error
    if status != HTTPStatus.OK:
        raise OperatorError(f"the server on {host}:{settings.port} is not ready: status {status}")


def _connection(settings: Settings, host: str, timeout_seconds: float) -> http.client.HTTPConnection:
    if settings.tls_certificate is None:
        return http.client.HTTPConnection(host, settings.port, timeout=timeout_seconds)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, settings.port, timeout=timeout_seconds, context=context)
