"""What is in deploy/: files that an operator installs."""
