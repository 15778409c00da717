"""Build the container image without a container engine, start it and restart it: ``make test-image``.

Debian's buildah runs the steps of the Dockerfile over a base that mmdebstrap makes of Debian's packages. The service then runs in
the image's file system, which is read-only, as the image's user and with its environment. Needs root and takes several minutes.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.servers import REPOSITORY, RunningServer, running

PROGRAMS: Final = ("buildah", "mmdebstrap", "unshare", "nsenter")
BASE: Final = "python:3.11-slim-bookworm"
PACKAGES: Final = "python3,python3-venv,python-is-python3,ca-certificates"
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
MODELS: Final = Path(os.environ.get("OPENFRS_MODELS", REPOSITORY / ".venv" / "models"))

_START: Final = """
set -e
mount --make-rprivate /
mount --bind {root} {root}
mount --bind {data} {root}/data
mount --bind {models} {root}/models
mount -t tmpfs tmpfs {root}/tmp
mount --rbind /proc {root}/proc
mount --rbind /dev {root}/dev
mount -o remount,bind,ro {root}
exec chroot --userspec={user} --groups= {root} env --ignore-environment {environment} {command}
"""


@dataclass(frozen=True)
class Storage:
    """A private store of images and containers."""

    folder: Path

    def buildah(self, *arguments: str) -> str:
        """Run buildah and return its output."""
        environment = {
            **os.environ,
            "STORAGE_DRIVER": "vfs",
            "BUILDAH_ISOLATION": "chroot",
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(self.folder / "registries.conf"),
        }
        result = subprocess.run(
            ["buildah", *arguments], env=environment, cwd=REPOSITORY, text=True, capture_output=True, check=False
        )
        if result.returncode:
            sys.exit(f"buildah {arguments[0]} failed:\n{result.stdout[-3000:]}{result.stderr[-3000:]}")
        return result.stdout.strip()

    @classmethod
    @contextmanager
    def temporary(cls) -> Iterator["Storage"]:
        """Create a store that is deleted at the end."""
        with tempfile.TemporaryDirectory(prefix="openfrs-image-", dir="/var/tmp") as name:
            folder = Path(name)
            places = f'runroot = "{folder}/run"\ngraphroot = "{folder}/images"\n'
            (folder / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\n{places}')
            (folder / "registries.conf").write_text('unqualified-search-registries = ["docker.io"]\n')
            (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
            storage = cls(folder)
            try:
                yield storage
            finally:
                storage.buildah("rm", "--all")

    def build(self) -> tuple[Path, Mapping[str, Any]]:
        """Build the image without weights; return the root of a container of it and the image's configuration."""
        packed, policy = self.folder / "base.tar", f"--signature-policy={self.folder / 'policy.json'}"
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm", packed], check=True
        )
        base = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", base, str(packed), "/")
        for variable in ("PIP_CERT", "NODE_EXTRA_CA_CERTS"):  # a network with a certificate authority of its own
            self.buildah("config", "--env", f"{variable}={CERTIFICATES}", base)
        self.buildah("commit", "--quiet", "--rm", base, BASE)
        options = ["--format=docker", "--target=service", "--pull-never", "--layers=false", "--network=host", policy]
        files = ["--file=deploy/Dockerfile", "--ignorefile=deploy/Dockerfile.dockerignore"]
        self.buildah("bud", *options, *files, f"--volume={CERTIFICATES}:{CERTIFICATES}:ro", "--tag=openfrs", ".")
        container = self.buildah("from", "--pull-never", policy, "localhost/openfrs")
        root = Path(self.buildah("mount", container))
        (root / "models").mkdir(exist_ok=True)
        return root, json.loads(self.buildah("inspect", "--type=image", "localhost/openfrs"))["Docker"]["config"]


@contextmanager
def started(root: Path, image: Mapping[str, Any], data: Path, **options: Any) -> Iterator[RunningServer]:
    """Start the service of an image with a data directory as its volume."""
    own = ["OPENFRS_HOST=127.0.0.1", "OPENFRS_PORT=0"]
    script = _START.format(
        root=root,
        data=data,
        models=MODELS.resolve(),
        user=image["User"],
        environment=shlex.join([*image["Env"], *own]),
        command=shlex.join([*image["Entrypoint"], *image["Cmd"]]),
    )
    with running(["unshare", "--mount", "sh", "-c", script], data, **options) as server:
        yield server


def check(server: RunningServer, root: Path, image: Mapping[str, Any]) -> None:
    """Check that a service is ready, without privileges, and that its health check finds it."""
    assert server.anonymous.get("/ready").status_code == 200
    process = Path("/proc") / str(server.process.pid)
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    assert status["Uid"].split() == [image["User"]] * 4, "runs as its user"
    assert int(status["CapEff"], 16) == 0, "without capabilities"
    mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
    (options,) = [fields[5] for fields in mounts if fields[4] == "/"]
    assert "ro" in options.split(","), "its root is read-only"
    enter = ["nsenter", f"--target={server.process.pid}", "--mount", "--root", "--wd", f"--setuid={image['User']}"]
    environment = [*image["Env"], f"OPENFRS_PORT={server.endpoint.rpartition(':')[2]}"]
    kind, *command = image["Healthcheck"]["Test"]
    assert kind == "CMD"
    subprocess.run([*enter, "env", "--ignore-environment", *environment, *command], check=True)


def main() -> None:
    """Build, start, enrol a face, restart and find it."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing or os.geteuid():
        print(f"skipped: the image needs root and {', '.join(missing or PROGRAMS)}")
        return
    photo = {"image_file": (MODELS / "samples" / "obama.jpg").read_bytes()}
    with Storage.temporary() as storage:
        root, image = storage.build()
        print("the image is built")
        data = storage.folder / "data"
        data.mkdir(mode=0o700)
        owner = (root / "data").stat()
        os.chown(data, owner.st_uid, owner.st_gid)
        with started(root, image, data) as server, server.http() as client:
            check(server, root, image)
            assert client.post(f"{server.project}/face-sets", json={"face_set_name": "kept"}).status_code == 200
            (enrolled,) = client.post(f"{server.project}/face-sets/kept/faces", files=photo).json()["faces"]
        assert server.process.returncode == 0, "stops with status 0"
        with started(root, image, data) as server, server.http() as client:
            check(server, root, image)
            (found,) = client.post(f"{server.project}/face-sets/kept/search", files=photo).json()["faces"]
            assert found["face_id"] == enrolled["face_id"], "keeps its data"
    print("1 passed, 0 failed: the image builds, starts as its user with a read-only root, and keeps its data")


if __name__ == "__main__":
    main()
