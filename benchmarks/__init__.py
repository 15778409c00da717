"""Benchmarks that need more than `openfrs bench`: peers, several nodes, overload, large face sets."""
