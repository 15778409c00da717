"""Tests of :mod:`openfrs.client`."""
