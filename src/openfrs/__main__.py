"""``python -m openfrs``."""

from openfrs.cli.main import main

main()
