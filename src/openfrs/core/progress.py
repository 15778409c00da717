"""Types for progress reporting."""

from collections.abc import Callable

Advance = Callable[[int], None]
"""Receives the number of items done since the last call."""

Track = Callable[[str, int], Advance]
"""Receives the name and the total of the items, and returns the function that counts them."""
