"""``openfrs login``."""

import json
import shlex
import ssl
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer

from openfrs.core.errors import OperatorError
from openfrs.store.data_directory import DataDirectory

from .options import Data, settings_of

_TIMEOUT_SECONDS = 30.0


def login(
    data: Data = None,
    ca: Annotated[Path | None, typer.Option(help="Certificates to trust, PEM.", show_default="the system's")] = None,
) -> None:
    """Sign in as the first account and print ENDPOINT, PROJECT_ID and TOKEN for a shell.

    The server must run.
    """
    file = DataDirectory(settings_of(data=data).data).credentials
    credentials = _read_credentials(file)
    values = {
        "ENDPOINT": credentials["endpoint"],
        "PROJECT_ID": credentials["project_id"],
        "TOKEN": _token(credentials, file, ca),
    }
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")


def _read_credentials(file: Path) -> dict[str, str]:
    try:
        return {name: str(value) for name, value in json.loads(file.read_text("utf-8")).items()}
    except (OSError, ValueError) as error:
        raise OperatorError(f"cannot read {file}, which the first start of a server writes") from error


def _token(credentials: dict[str, str], file: Path, ca: Path | None) -> str:
    user: dict[str, Any] = {
        "name": credentials["user"],
        "password": credentials["password"],
        "domain": {"name": credentials["domain"]},
    }
    scope = {"project": {"id": credentials["project_id"]}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    url = f"{credentials['endpoint']}/v3/auth/tokens"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    try:
        with _opener(ca).open(request, timeout=_TIMEOUT_SECONDS) as response:
            return str(response.headers["X-Subject-Token"])
    except urllib.error.HTTPError as error:
        reason = json.loads(error.read()).get("error", {}).get("message", error.reason)
        remedy = ""
        if error.code == HTTPStatus.UNAUTHORIZED:
            remedy = f" If it was changed since, {file} still has the first password: write the new one into it."
        raise OperatorError(f"{url} rejects the login: {reason}{remedy}") from error
    except OSError as error:
        if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
            message = f"the certificate of {credentials['endpoint']} is not trusted; name its file with --ca FILE"
            raise OperatorError(message) from error
        raise OperatorError(f"no server responds on {credentials['endpoint']}: {error}") from error


def _opener(ca: Path | None) -> urllib.request.OpenerDirector:
    """Return an opener that sends the password to the server itself and never to a proxy of the environment."""
    https = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca))
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), https)
