"""Metrics, logs and traces. No label, field or attribute holds data of a client."""
