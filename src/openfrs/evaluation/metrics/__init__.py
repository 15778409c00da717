"""Metrics: error rates, their intervals and tables."""
