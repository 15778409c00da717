"""The first account of a new data directory."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from openfrs.core.errors import OperatorError
from openfrs.core.files import write_private

from .administration import Administration, NewAccount

UNLIMITED: Final = {"rate": 0, "slow_rate": 0, "concurrent": 0}
"""Limits of the first project, which belongs to the operator; projects created later have rate limits."""


def create_first_account(administration: Administration, *, project: str, endpoint: str, file: Path) -> None:
    """Create a domain, user, project and access key with random secrets, and write them to a file of mode 0600."""

    def deliver(account: NewAccount) -> None:
        write_private(file, json.dumps({"endpoint": endpoint, **asdict(account)}, indent=2) + "\n")

    administration.create_domain("openfrs", project=project, limits=UNLIMITED, deliver=deliver)


def first_project_id(file: Path) -> str:
    """Return the project id of the first account from its credentials file.

    Raises:
        OperatorError: the file is missing or damaged.
    """
    try:
        return str(json.loads(file.read_text("utf-8"))["project_id"])
    except (OSError, ValueError, KeyError, TypeError):
        raise OperatorError(f"cannot read the project id from {file}; name the project with --project ID") from None
