"""HTTP and the FRS wire format, and nothing else."""
