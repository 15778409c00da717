"""Model weights: manifest, download and cache."""
