"""Model weights: manifest, download, cache."""
