"""``openfrs ready``."""

from openfrs.core.config_sources import Configuration
from openfrs.server.probe import require_ready

from .options import with_serve_options

_TIMEOUT_SECONDS = 4.0


@with_serve_options
def ready(configuration: Configuration) -> None:
    """Check that the server with these settings is ready. Exits 1 if it is not. Accepts the options of serve."""
    require_ready(configuration.settings, _TIMEOUT_SECONDS)
