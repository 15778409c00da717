"""Reports, plots and published tables."""
