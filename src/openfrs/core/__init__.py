"""Settings, limits, errors and other basics that every package uses."""
