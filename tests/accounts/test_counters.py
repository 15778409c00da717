"""The choice of the storages of counters."""

from contextlib import closing
from pathlib import Path

import pytest

from openfrs.accounts.counters import is_in_memory, open_counters
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings


def test_failed_logins_and_signatures_are_kept_by_default_and_rates_of_one_process_in_memory(tmp_path: Path) -> None:
    with closing(open_counters(Settings(data=tmp_path))) as counters:
        assert not is_in_memory(counters.evidence)
        assert is_in_memory(counters.rates)
    with closing(open_counters(Settings(data=tmp_path, workers=2))) as counters:
        assert counters.rates is counters.evidence


def test_other_storages_hold_everything(tmp_path: Path) -> None:
    with closing(open_counters(Settings(data=tmp_path, counters="memory://"))) as counters:
        assert counters.rates is counters.evidence
        assert is_in_memory(counters.rates)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_setting_or_directory_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="setting counters"):
        open_counters(Settings(data=tmp_path, counters="nowhere"))
    with pytest.raises(OperatorError, match=r"counters\.db cannot be used for counters"):
        open_counters(Settings(data=tmp_path / "missing"))
