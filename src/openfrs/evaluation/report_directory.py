"""The directory of a report, which also holds the cache of the results for each image."""

from pathlib import Path

from openfrs.core.errors import OperatorError


def create_report_directory(path: Path) -> None:
    """Create a directory and its parents, unless it exists.

    Raises:
        OperatorError: the directory cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"cannot create {path}: {error.strerror}") from error
