"""A short run of ``make soak``."""

from pathlib import Path

from tests.support.servers import fake_server_command, running

from .soak import PEOPLE, THREADS, is_flat, soak


def test_a_server_under_mixed_load_leaks_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data, environment=THREADS) as server:
        result = soak(server, PEOPLE, seconds=10, pace=40)
    assert "Traceback" not in server.log.read_text()
    operations = {operation for operation, _ in result.statuses}
    assert {"search", "add", "delete", "detect", "compare", "silent", "video_without_face", "truncated"} <= operations
    assert {status for _, status in result.statuses} == {200, 400}
    assert is_flat(result), result.idle
    assert result.drift < 0.25
