"""The server: processes, sockets, TLS and periodic jobs."""
