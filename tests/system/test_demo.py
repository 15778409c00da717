"""The demonstration: it removes its face set from a running server, or keeps it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import REPOSITORY, running

pytest.importorskip("huaweicloudsdkfrs")


@pytest.mark.parametrize("keep", [False, True], ids=["removed", "kept"])
def test_the_face_set_is_removed_unless_it_is_kept(tmp_path: Path, weights: WeightCache, keep: bool) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-m", "openfrs", "serve", "--data", str(data), "--port", "0"]
    demo = [sys.executable, str(REPOSITORY / "examples" / "demo.py"), *(["--keep"] if keep else [])]
    environment = {"OPENFRS_DATA": str(data), "OPENFRS_MODELS": str(weights.directory)}
    with running(command, data, environment=environment) as server, server.http() as client:
        result = subprocess.run(
            demo, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment}
        )
        assert result.returncode == 0, result.stderr
        sets = client.get(f"{server.project}/face-sets").json()["face_sets_info"]
    assert len(sets) == keep
    if keep:
        assert sets[0]["face_number"] == 2
        assert f"Face set {sets[0]['face_set_name']} is kept: see {server.endpoint}/console" in result.stdout
