"""The precedence of settings, their origins, and errors in them."""

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


def show(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as exit_info:
        app(["config", "show", *arguments])
    assert exit_info.value.code == 0
    return capsys.readouterr().out


def test_command_line_over_environment_over_file_over_default(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('# all\nhost = "1.1.1.1"\nproject = "file"\nport = 1\n')
    monkeypatch.setenv("OPENFRS_PROJECT", "environment")
    monkeypatch.setenv("OPENFRS_PORT", "2")
    configuration = Configuration.read({"port": 3})
    assert (configuration.settings.host, configuration.settings.project, configuration.settings.port) == (
        "1.1.1.1",
        "environment",
        3,
    )
    assert configuration.origins["host"] == f"{file}, line 2"
    assert configuration.origins["project"] == "OPENFRS_PROJECT"
    assert configuration.origins["port"] == "command line"
    assert configuration.origins["rate"] == "default"
    assert [*configuration.origins] == [*Settings.model_fields]


def test_the_output_of_show_is_a_file_with_the_same_settings(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('index_memory = "500MB"\nproject = "a \\"quoted\\" \\\\ näme"\nbootstrap = false\nthreads = 3\n')
    before = Configuration.read({}).settings
    text = show(capsys=capsys)
    file.write_text(text)
    assert {*tomllib.loads(text)} == {name for name, value in before if value is not None}
    assert Configuration.read({}).settings == before


def test_show_accepts_the_options_of_serve(capsys: pytest.CaptureFixture[str]) -> None:
    lines = show("--port", "9000", "--no-bootstrap", "--changed", capsys=capsys).splitlines()
    assert [line.split() for line in lines] == [
        ["port", "=", "9000", "#", "command", "line"],
        ["bootstrap", "=", "false", "#", "command", "line"],
    ]


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPENFRS_MASTER_KEY", "hidden-one")
    monkeypatch.setenv("OPENFRS_OBS_SECRET_KEY", "hidden-two")
    monkeypatch.setenv("OPENFRS_COUNTERS", "redis://user:hidden-three@counters:6379")
    text = show("--changed", capsys=capsys)
    assert "hidden" not in text
    assert '# counters = "redis://********@counters:6379"' in text
    assert tomllib.loads(text) == {}, "a mask must not become a value"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = 1\nworker = 2\n", "line 2: unknown setting worker; did you mean workers?"),
        ("port = 1\n\n[limits]\nrate = 1\n", "line 3: unknown setting limits"),
        ('OPENFRS_PORT = 1\n"colour" = 1', "line 1: unknown setting OPENFRS_PORT; did you mean port?"),
        ("limits.rate = 1\n", "line 1: unknown setting limits"),
        ("\nport = 70000\n", "line 2): Input should be less than or equal to 65535"),
        ("port = 1\nport = 2\n", "Cannot overwrite a value (at line 2"),
        ("port = \n", "Invalid value (at line 1"),
    ],
)
def test_an_error_in_the_file_names_its_line(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(OperatorError) as error:
        Configuration.read({})
    assert str(file) in str(error.value)
    assert message in str(error.value)


def test_an_invalid_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("openfrs_rate", "quick")
    with pytest.raises(OperatorError, match=r"setting rate \(OPENFRS_RATE\): "):
        Configuration.read({})


def test_an_invalid_secret_is_not_in_the_error(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text("master_key = 123456\n")
    with pytest.raises(OperatorError) as error:
        Configuration.read({})
    assert "123456" not in str(error.value)


def test_unknown_variables_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFRS_WORKER", "4")
    monkeypatch.setenv("OPENFRS_RATE", "4")
    assert unknown_variables() == ["OPENFRS_WORKER is not a setting; did you mean OPENFRS_WORKERS?"]


@pytest.mark.parametrize(
    "name", ["host", "data", "models", "database", "master_key", "tls_key", "project", "obs_region"]
)
def test_an_empty_value_is_rejected(name: str, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """An empty host would be every address, an empty path the working directory."""
    message = rf"{name}.*: is empty; set a value, or leave it out for the default"
    file.write_text("")
    for text in ("", " "):
        monkeypatch.setenv(f"OPENFRS_{name.upper()}", text)
        with pytest.raises(OperatorError, match=message):
            Configuration.read({})
    monkeypatch.delenv(f"OPENFRS_{name.upper()}")
    with pytest.raises(OperatorError, match=message):
        Configuration.read({name: ""})
    file.write_text(f'{name} = ""\n')
    with pytest.raises(OperatorError, match=message):
        Configuration.read({})


def test_settings_that_are_empty_by_default_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFRS_URL_HOSTS", "")
    assert Configuration.read({}).settings.url_hosts == ""


def test_variables_of_the_tests_are_not_unknown_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFRS_TEST_DATA", "data")
    assert unknown_variables() == []
