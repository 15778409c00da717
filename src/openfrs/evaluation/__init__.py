"""Evaluation of the models on labelled images: error rates with intervals, tables, plots and calibration."""
