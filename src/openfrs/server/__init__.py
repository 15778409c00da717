"""Running the service: processes, sockets, TLS, scheduled jobs."""
