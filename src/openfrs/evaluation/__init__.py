"""Measuring how right the models are on labelled pictures: error rates with intervals, tables, plots, calibration."""
