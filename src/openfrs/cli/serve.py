"""``openfrs serve``."""

import logging

from openfrs.core.config_sources import Configuration, unknown_variables
from openfrs.core.telemetry import logs

from .options import with_serve_options

_log = logging.getLogger(__name__)


@with_serve_options
def serve(configuration: Configuration) -> None:
    """Run the server. SIGTERM or SIGINT stops it."""
    from openfrs.server.main import serve as run_server  # slow to import, and --help does without it

    logs.configure(configuration.settings)
    for line in unknown_variables():
        _log.warning("%s", line)
    run_server(configuration.settings)
