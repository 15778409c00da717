"""What the service tells of itself: metrics, logs, traces. No label, field or attribute holds what a client sent."""
