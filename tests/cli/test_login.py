"""``openfrs login``. tests/documentation/test_tutorials.py signs in to a server with it."""

import json
from pathlib import Path

import pytest

from openfrs.cli.login import login
from openfrs.core.errors import OperatorError

CREDENTIALS = {
    "endpoint": "http://127.0.0.1:9",
    "domain": "openfrs",
    "user": "admin",
    "password": "secret",
    "project_id": "0" * 32,
}


def test_a_directory_without_credentials_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"cannot read .*credentials\.json"):
        login(tmp_path)


def test_a_server_that_does_not_run_is_named_without_the_password(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text(json.dumps(CREDENTIALS))
    with pytest.raises(OperatorError, match="no server responds on") as raised:
        login(tmp_path)
    assert "secret" not in str(raised.value)
