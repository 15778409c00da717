"""``openfrs login``. tests/documentation/test_tutorials.py signs in to a server with it."""

import json
from pathlib import Path

import pytest

from openfrs.cli.login import login
from openfrs.core.errors import OperatorError
from tests.support.certificates import self_signed
from tests.support.servers import fake_server_command, running

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


def test_a_password_that_was_changed_is_told_with_the_file_that_has_the_old_one(tmp_path: Path) -> None:
    with running(fake_server_command(tmp_path), tmp_path):
        file = tmp_path / "credentials.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "password": "secret"}))
        with pytest.raises(
            OperatorError, match=r"password is wrong\. If it was changed since, .*credentials\.json"
        ) as raised:
            login(tmp_path)
    assert "secret" not in str(raised.value)


def test_a_certificate_that_is_not_trusted_is_told_with_the_option_that_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair, data = self_signed(tmp_path), tmp_path / "data"
    with running(fake_server_command(data), data, environment=pair.environment):
        with pytest.raises(
            OperatorError, match=r"certificate of https://.* is not trusted; name its file with --ca FILE"
        ):
            login(data)
        login(data, ca=pair.certificate)
    assert "export TOKEN=" in capsys.readouterr().out
