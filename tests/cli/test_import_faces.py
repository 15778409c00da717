"""Options of ``openfrs import``."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openfrs.cli import import_faces, main
from openfrs.faces.imports.report import Line, Outcome, Tally


@pytest.mark.parametrize(
    ("origin", "warning"),
    [("images", ""), ("pictures", "openfrs: --from pictures is deprecated; use --from images\n")],
)
def test_the_former_name_of_the_source_kind_warns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, origin: str, warning: str
) -> None:
    monkeypatch.setattr(import_faces, "import_images", lambda *_: Tally())
    result = CliRunner().invoke(main.app, ["import", "people", str(tmp_path), "--from", origin])
    assert (result.exit_code, result.stderr) == (0, warning)


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.ADDED, 0), (Outcome.PRESENT, 0), (Outcome.REFUSED, 3)])
def test_the_exit_status_says_whether_everything_is_enrolled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outcome: Outcome, status: int
) -> None:
    def run(_settings: object, _items: object, _job: object, report: Callable[[Line], None]) -> Tally:
        line = Line("a\x1b[31m", outcome, reason="a\nreason" if status else None)
        report(line)
        tally = Tally()
        tally.count(line)
        return tally

    (tmp_path / "notes.txt").write_text("")
    monkeypatch.setattr(import_faces, "import_images", run)
    result = CliRunner().invoke(main.app, ["import", "people", str(tmp_path)])
    assert result.exit_code == status
    assert "Skipped: files of other types: 1 .txt." in result.stdout
    assert "\x1b[31m" not in result.output
    assert (r"rejected: a\x1b[31m: a\x0areason" in result.output) is bool(status)
