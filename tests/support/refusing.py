"""The fake server with the command's error handling."""

import sys
from pathlib import Path

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.server.main import serve

from .fake_models import identify, load

if __name__ == "__main__":
    try:
        serve(Settings(data=Path(sys.argv[1]), port=0), load_pipeline=load, identify_models=identify)
    except OperatorError as error:
        raise SystemExit(f"openfrs: {error}") from None
