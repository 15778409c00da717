"""Options of ``openfrs import``."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from openfrs.cli import import_faces, main
from openfrs.operations.transfer.images import Tally


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
