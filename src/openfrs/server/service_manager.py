"""Notifications to the service manager, with the protocol of systemd's ``sd_notify``."""

import logging
import os
import signal
import socket
from typing import Final

_log = logging.getLogger(__name__)

_ADDRESS: Final = "NOTIFY_SOCKET"


def ignore_hangup() -> None:
    """Ignore SIGHUP if a service manager awaits notifications: a reload must not end a server that has no certificate to reload."""
    if os.environ.get(_ADDRESS):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def notify_ready() -> None:
    """Notify the service manager that the server is ready; do nothing without one. A failure is logged."""
    address = os.environ.get(_ADDRESS, "")
    if not address:
        return
    if address.startswith("@"):  # a name in the abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(b"READY=1", address)
    except OSError as error:
        _log.warning("cannot notify the service manager: %s", error.strerror)
