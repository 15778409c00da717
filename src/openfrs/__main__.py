"""``python -m openfrs``."""

from .cli import main

main()
