"""The IAM operations that FRS clients use."""
