"""Labelled data sets."""
