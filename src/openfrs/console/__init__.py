"""The web console: its built files, and the routes that serve them. It reaches the service through the public API alone."""
