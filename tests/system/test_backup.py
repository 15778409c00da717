"""Backups of running servers."""

import stat
from pathlib import Path

from openfrs.operations.transfer.backup import back_up, restore
from tests.support.data_directories import colour
from tests.support.fake_models import photo
from tests.support.servers import fake_server_command, running


def test_a_restored_backup_of_a_running_server_returns_the_same_results(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(fake_server_command(data), data) as server, server.http() as client:
        client.post(f"{server.project}/face-sets", json={"face_set_name": "s"})
        for number in range(3):
            client.post(f"{server.project}/face-sets/s/faces", files={"image_file": photo(colour(number))})
        listed = client.get(f"{server.project}/face-sets/s/faces").json()
        back_up(data, tmp_path / "backup")
        client.delete(f"{server.project}/face-sets/s")
    for folder in (tmp_path / "backup", *(tmp_path / "backup").iterdir()):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    restored = tmp_path / "elsewhere"
    restore(tmp_path / "backup", restored)
    with running(fake_server_command(restored), restored) as server, server.http() as client:
        assert client.get(f"{server.project}/face-sets/s/faces").json() == listed
        response = client.post(f"{server.project}/face-sets/s/search", files={"image_file": photo(colour(1))})
        assert response.json()["faces"][0] == {**listed["faces"][1], "similarity": 1.0}
