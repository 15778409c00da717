"""The first account of a new data directory."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from openfrs.core.errors import OperatorError
from openfrs.core.files import write_private

from .administration import Administration, NewAccount

UNLIMITED: Final = {"rate": 0, "slow_rate": 0, "concurrent": 0}
"""The first project is the operator's own: only projects made later are held to a rate."""


def create_first_account(administration: Administration, *, project: str, endpoint: str, file: Path) -> None:
    """Make a domain, a user, a project and an access key with random secrets, and write them to a file of mode 0600."""

    def deliver(account: NewAccount) -> None:
        write_private(file, json.dumps({"endpoint": endpoint, **asdict(account)}, indent=2) + "\n")

    administration.create_domain("openfrs", project=project, limits=UNLIMITED, deliver=deliver)


def first_project_id(file: Path) -> str:
    """The id of the first account's project, from the file of its credentials.

    Raises:
        OperatorError: the file is not there, or not what it was.
    """
    try:
        return str(json.loads(file.read_text("utf-8"))["project_id"])
    except (OSError, ValueError, KeyError, TypeError):
        raise OperatorError("name the project: --project ID") from None
