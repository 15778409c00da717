"""Files that start the service, checked by linters; ``make test-image`` builds the image."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml

import openfrs
from openfrs.core.config_sources import Configuration
from openfrs.core.settings import Settings
from tests.support.data_directories import new_data
from tests.support.servers import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
UNIT = (DEPLOY / "openfrs.service").read_text("utf-8")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")


def checked(*command: str) -> str:
    """Run a linter, which must succeed, and return its output."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def tool(name: str) -> str:
    """Return the path of a linter from the test requirements."""
    return str(Path(sys.executable).with_name(name))


def test_the_units_are_valid_for_systemd(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not here")
    for name in ("openfrs.service", "openfrs-backup.service", "openfrs-backup.timer"):
        text = (DEPLOY / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("/opt/openfrs/bin/openfrs", sys.executable))
    assert checked(analyze, "verify", *map(str, tmp_path.iterdir())) == ""
    for name in ("openfrs.service", "openfrs-backup.service"):
        report = checked(analyze, "security", "--offline=true", str(tmp_path / name))
        exposure = re.search(rf"exposure level for {name}: ([\d.]+)", report)
        assert exposure is not None
        assert float(exposure[1]) <= 2, "0 is nothing exposed, 10 is everything"


def test_the_backup_unit_makes_a_backup_and_deletes_old_ones(tmp_path: Path) -> None:
    unit = (DEPLOY / "openfrs-backup.service").read_text("utf-8")
    (script,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", unit, re.MULTILINE)
    (after,) = re.findall(r"^ExecStartPost=(.*)$", unit, re.MULTILINE)
    script = script.replace("%%", "%").replace("/opt/openfrs/bin/openfrs", f"{sys.executable} -m openfrs")
    state = tmp_path / "state"
    old, recent = state / "old", state / "recent"
    for folder, days in ((old, 16), (recent, 13)):
        (folder / "files").mkdir(parents=True)
        os.utime(folder, times=(time.time() - 86_400 * days,) * 2)
    environment = {**os.environ, "STATE_DIRECTORY": str(state), "OPENFRS_DATA": str(new_data(tmp_path / "data"))}
    for command in (script, after):
        subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True, env=environment, cwd=REPOSITORY)
    (backup,) = {*state.iterdir()} - {recent}
    assert (backup / "backup.json").exists()


def test_the_unit_runs_an_existing_command() -> None:
    (command,) = re.findall(r"^ExecStart=/opt/openfrs/bin/openfrs (.*)$", UNIT, re.MULTILINE)
    assert "Run the server." in checked(sys.executable, "-m", "openfrs", *command.split(), "--help")


def test_the_settings_file_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OPENFRS_")]:
        monkeypatch.delenv(name)  # the environment overrides the file
    monkeypatch.setenv("OPENFRS_CONFIG", str(DEPLOY / "openfrs.toml"))
    settings = Configuration.read({}).settings
    state, cache = Path("/var/lib/openfrs"), Path("/var/cache/openfrs")
    assert settings.data == state, "the unit's StateDirectory"
    assert settings.models.parent == cache, "the unit's CacheDirectory"
    assert tomllib.loads((DEPLOY / "openfrs.toml").read_text("utf-8"))["host"] == "127.0.0.1"


@pytest.mark.parametrize("name", ["nginx.conf", "nginx-nodes.conf"])
def test_nginx_closes_an_idle_connection_before_the_service_does(name: str) -> None:
    (upstream,) = re.findall(
        r"^upstream openfrs {(.*?)^}", (DEPLOY / name).read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    (seconds,) = re.findall(r"^    keepalive_timeout (\d+)s;$", upstream, re.MULTILINE)
    assert int(seconds) < Settings.model_fields["keep_alive"].default


def test_the_dockerfile_is_clean() -> None:
    assert checked(tool("hadolint"), str(DEPLOY / "Dockerfile")) == ""


def test_the_image_runs_as_an_unprivileged_user_with_known_settings() -> None:
    last = DOCKERFILE.rpartition("AS service")[2]
    assert re.findall(r"^USER (\d+)$", last, re.MULTILINE) == ["10001"]
    variables = set(re.findall(r"OPENFRS_([A-Z_]+)=", DOCKERFILE))
    assert variables
    assert {name.lower() for name in variables} <= {*Settings.model_fields}
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (REPOSITORY / source).exists(), source


def test_the_health_check_of_the_image_is_a_command() -> None:
    (health_check,) = re.findall(r"^HEALTHCHECK .*\\\n +CMD (.*)$", DOCKERFILE, re.MULTILINE)
    program, *arguments = json.loads(health_check)
    assert program == "openfrs"
    assert "Check that the server" in checked(sys.executable, "-m", "openfrs", *arguments, "--help")


def test_the_build_context_has_the_copied_files_and_no_data() -> None:
    rules = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert {source.partition("/")[0] for source in copied} == let_in
    assert "*" in rules


@pytest.mark.parametrize("name", ["compose.yaml", "compose-nodes.yaml"])
def test_the_compose_files_follow_their_schema(name: str) -> None:
    checked(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(DEPLOY / name))


def test_the_images_of_other_projects_are_pinned_by_digest() -> None:
    images = re.findall(r"^ +image: (\S+)$", (DEPLOY / "compose-nodes.yaml").read_text("utf-8"), re.MULTILINE)
    tagged = {image for image in images if not re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image)}
    assert tagged == {"openfrs", "milvusdb/milvus:v2.3.5"}, "the first is built here"


def test_the_chart_installs_the_image_of_its_release() -> None:
    chart = yaml.safe_load((DEPLOY / "helm" / "openfrs" / "Chart.yaml").read_text("utf-8"))
    assert chart["version"] == chart["appVersion"] == openfrs.__version__
    manifests = [*yaml.safe_load_all((DEPLOY / "kubernetes" / "openfrs.yaml").read_text("utf-8"))]
    kinds = {each["kind"]: each for each in manifests}
    assert {*kinds} == {"Deployment", "Service", "Ingress", "NetworkPolicy", "PodDisruptionBudget"}
    (container,) = kinds["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"].endswith(f":{openfrs.__version__}")
    assert container["imagePullPolicy"] == "IfNotPresent"


def test_only_the_ingress_and_the_monitoring_reach_the_pods() -> None:
    manifests = yaml.safe_load_all((DEPLOY / "kubernetes" / "openfrs.yaml").read_text("utf-8"))
    (policy,) = [each["spec"] for each in manifests if each["kind"] == "NetworkPolicy"]
    admitted = {
        port["port"]: [source["namespaceSelector"]["matchLabels"] for source in rule["from"]]
        for rule in policy["ingress"]
        for port in rule["ports"]
    }
    name = "kubernetes.io/metadata.name"
    assert admitted == {"http": [{name: "ingress-nginx"}], "metrics": [{name: "monitoring"}]}


@pytest.mark.parametrize("release", ["1.30.0", "1.36.0"])
def test_the_kubernetes_file_is_valid(release: str) -> None:
    checked(tool("kubernetes-validate"), "--strict", "-k", release, str(DEPLOY / "kubernetes" / "openfrs.yaml"))


@pytest.mark.parametrize("name", ["compose-nodes.yaml", "kubernetes/openfrs.yaml"])
def test_nodes_have_known_settings(name: str) -> None:
    names = set(re.findall(r"(?:name: |^ +)OPENFRS_([A-Z_]+)\b", (DEPLOY / name).read_text("utf-8"), re.MULTILINE))
    assert "DATABASE" in names
    assert {each.lower() for each in names} <= {*Settings.model_fields}


def test_the_image_has_the_locked_packages_and_the_drivers_of_nodes() -> None:
    dev, image = (
        set(re.findall(r"^(\S+)==(\S+)", (REPOSITORY / "requirements" / name).read_text("utf-8"), re.MULTILINE))
        for name in ("dev.txt", "nodes.txt")
    )
    assert image <= dev
    assert {"psycopg", "pymilvus", "redis"} <= {name for name, _ in image}
