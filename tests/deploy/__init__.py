"""Files of deploy/, which an operator installs."""
