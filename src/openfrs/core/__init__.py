"""Settings, limits, errors and other foundations of every package."""
