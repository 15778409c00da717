"""From bytes to pixels, under limits."""
