"""The ``openfrs`` command."""
