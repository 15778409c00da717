"""Tests of :mod:`openfrs.accounts.openid`."""
