"""Which setting wins, where it comes from, and what a mistake in one is answered with."""

import os
import tomllib
from pathlib import Path

import pytest

from openfrs.cli.main import app
from openfrs.core.config_sources import Configuration, unknown_variables
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OPENFRS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "openfrs.toml"
    monkeypatch.setenv("OPENFRS_CONFIG", str(path))
    return path


def shown(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        app(["config", "show", *arguments])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_command_line_over_environment_over_file_over_default(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('# all\nhost = "1.1.1.1"\nproject = "file"\nport = 1\n')
    monkeypatch.setenv("OPENFRS_PROJECT", "environment")
    monkeypatch.setenv("OPENFRS_PORT", "2")
    read = Configuration.read({"port": 3})
    assert (read.settings.host, read.settings.project, read.settings.port) == ("1.1.1.1", "environment", 3)
    assert read.origins["host"] == f"{file}, line 2"
    assert read.origins["project"] == "OPENFRS_PROJECT"
    assert read.origins["port"] == "command line"
    assert read.origins["rate"] == "default"
    assert [*read.origins] == [*Settings.model_fields]


def test_what_is_shown_is_a_file_of_the_same_settings(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('index_memory = "500MB"\nproject = "a \\"quoted\\" \\\\ näme"\nbootstrap = false\nthreads = 3\n')
    before = Configuration.read({}).settings
    text = shown(capsys=capsys)
    file.write_text(text)
    assert {*tomllib.loads(text)} == {name for name, value in before if value is not None}
    assert Configuration.read({}).settings == before


def test_options_of_serve_are_shown_as_serve_would_take_them(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown("--port", "9000", "--no-bootstrap", "--changed", capsys=capsys).splitlines()
    assert [line.split() for line in lines] == [
        ["port", "=", "9000", "#", "command", "line"],
        ["bootstrap", "=", "false", "#", "command", "line"],
    ]


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPENFRS_MASTER_KEY", "hidden-one")
    monkeypatch.setenv("OPENFRS_OBS_SECRET_KEY", "hidden-two")
    monkeypatch.setenv("OPENFRS_COUNTERS", "redis://user:hidden-three@counters:6379")
    text = shown("--changed", capsys=capsys)
    assert "hidden" not in text
    assert '# counters = "redis://********@counters:6379"' in text
    assert tomllib.loads(text) == {}, "a mask would pass for a value"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = 1\nworker = 2\n", "line 2: there is no setting worker; did you mean workers?"),
        ("port = 1\n\n[limits]\nrate = 1\n", "line 3: there is no setting limits"),
        ('OPENFRS_PORT = 1\n"colour" = 1', "line 1: there is no setting OPENFRS_PORT; did you mean port?"),
        ("limits.rate = 1\n", "line 1: there is no setting limits"),
        ("\nport = 70000\n", "line 2): Input should be less than or equal to 65535"),
        ("port = 1\nport = 2\n", "Cannot overwrite a value (at line 2"),
        ("port = \n", "Invalid value (at line 1"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(OperatorError) as refusal:
        Configuration.read({})
    assert str(file) in str(refusal.value)
    assert said in str(refusal.value)


def test_a_bad_value_is_told_with_the_variable_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("openfrs_rate", "quick")
    with pytest.raises(OperatorError, match=r"setting rate \(OPENFRS_RATE\): "):
        Configuration.read({})


def test_a_secret_that_is_refused_is_not_told(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text("master_key = 123456\n")
    with pytest.raises(OperatorError) as refusal:
        Configuration.read({})
    assert "123456" not in str(refusal.value)


def test_variables_that_are_no_settings_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFRS_WORKER", "4")
    monkeypatch.setenv("OPENFRS_RATE", "4")
    assert unknown_variables() == ["OPENFRS_WORKER is no setting; did you mean OPENFRS_WORKERS?"]
