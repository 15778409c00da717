"""``openfrs serve``."""

from openfrs.core.config_sources import Configuration

from .options import with_serve_options


@with_serve_options
def serve(configuration: Configuration) -> None:
    """Run the server. SIGTERM or SIGINT stops it."""
    from openfrs.server.main import serve as run_server  # slow to import, and --help does without it

    run_server(configuration.settings)
