"""Silent and action liveness detection."""
