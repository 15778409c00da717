"""Archives moved between servers, and imports that are killed."""

import contextlib
import json
import random
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from openfrs.cli.main import app
from tests.support.archive_sets import dump, exported, rows, settings, stored, write_set
from tests.support.data_directories import colour, new_data
from tests.support.fake_models import photo
from tests.support.servers import REPOSITORY, fake_server_command, running


def test_a_killed_import_leaves_nothing_and_succeeds_when_repeated(tmp_path: Path) -> None:
    """``kill -9`` while faces are written, later in each run."""
    data = new_data(tmp_path / "data")
    write_set(data, "source", [stored(number) for number in range(6_000)])
    exported(data, "source", tmp_path / "a.frs")
    before, rng = dump(data), random.Random(1)
    command = [
        sys.executable,
        "-m",
        "tests.system.test_archive",
        str(data),
        str(tmp_path / "a.frs"),
    ]
    for pieces in (1, 2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if line == f"{pieces}\n":
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(rng.uniform(0, 0.02))
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        assert dump(data) == before
    subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    assert rows(data, "target")[1] == rows(data, "source")[1]
    assert len(rows(data, "target")[1]) == 6_000


def _command(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.exception
    return result.stdout


def test_two_servers_answer_every_search_the_same(tmp_path: Path) -> None:
    """Export while the first server runs, and import before the second starts."""
    here, there, file, word = (tmp_path / name for name in ("here", "there", "people.frs", "word"))
    word.write_text("a passphrase\n")
    searches = [{"image_file": photo(colour(number))} for number in (0, 3, 7, 500)]

    def search_results(server: Any, client: Any) -> list[bytes]:
        path, options = f"{server.project}/face-sets/people", {"top_n": "10", "return_fields": '["n"]'}
        responses = [client.post(f"{path}/search", files=files, data=options) for files in searches]
        responses.append(client.get(f"{path}/faces", params={"limit": 20}))
        responses.append(client.get(path))
        assert [response.status_code for response in responses] == [200] * len(responses)
        return [response.content for response in responses]

    with running(fake_server_command(here), here) as server, server.http() as client:
        path = f"{server.project}/face-sets"
        client.post(path, json={"face_set_name": "people", "external_fields": {"n": {"type": "integer"}}})
        for number in range(10):
            fields = {"external_fields": json.dumps({"n": number}), "external_image_id": f"p{number}"}
            client.post(f"{path}/people/faces", files={"image_file": photo(colour(number))}, data=fields)
        listed = client.get(f"{path}/people/faces", params={"limit": 10}).json()["faces"]
        changed = {"face_id": listed[2]["face_id"], "external_fields": {"n": -2}}
        assert client.put(f"{path}/people/faces", json=changed).status_code == 200
        assert client.delete(f"{path}/people/faces", params={"external_image_id": "p4"}).status_code == 200
        output = _command("export", "people", file, "--passphrase-file", word, "--data", here)
        assert output == f"Exported 9 faces to {file}, encrypted.\n"
        responses = search_results(server, client)
    new_data(there)
    key = _command("archive", "key", "--data", here).strip()
    output = _command("archive", "show", file, "--trust", key, "--passphrase-file", word, "--data", there)
    assert {"face set       people", "faces          9", "embedder       sface"} <= set(output.splitlines())
    _command("archive", "trust", key, "--name", "here", "--data", there)
    assert _command("archive", "trusted", "--data", there) == f"{key}  here\n"
    output = _command("import", "--archive", file, "--passphrase-file", word, "--data", there)
    assert output == "Imported 9 faces to face set people.\n"
    with running(fake_server_command(there), there) as server, server.http() as client:
        assert search_results(server, client) == responses


if __name__ == "__main__":
    from openfrs.operations.transfer.archive.importing import ImportedSet, import_archive

    def track(label: str, _total: int) -> Any:
        done = count(1)
        return lambda _: print(next(done), flush=True) if label == "faces" else None

    import_archive(settings(Path(sys.argv[1])), Path(sys.argv[2]), ImportedSet(name="target"), lambda: None, track)
