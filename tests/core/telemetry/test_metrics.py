"""The metrics of a server, and their documentation, dashboard and rules."""

import json
import re

import promql_parser
import pytest
import yaml

from openfrs.core.telemetry.metrics import REGISTRY
from tests.support.servers import REPOSITORY


def metric_names() -> set[str]:
    """Return the names that a query can use."""
    suffixes = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}
    return {family.name + suffix for family in REGISTRY.collect() for suffix in suffixes[family.type]}


def test_every_metric_is_documented() -> None:
    page = (REPOSITORY / "docs" / "reference" / "metrics.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(openfrs_\w+)` \| (.+?) \|$", page, re.M))
    families = {family.name: family for family in REGISTRY.collect() if family.name.startswith("openfrs_")}
    named = {name + ("_total" if family.type == "counter" else ""): family for name, family in families.items()}
    assert rows.keys() == named.keys()
    for name, family in named.items():
        assert rows[name] == family.documentation


@pytest.mark.parametrize("file", ["grafana/openfrs.json", "prometheus/openfrs.yml"])
def test_dashboard_and_rules_use_existing_metrics(file: str) -> None:
    text = (REPOSITORY / "deploy" / file).read_text("utf-8")
    names = set(re.findall(r"\b(?:openfrs|process)_\w+", text)) - {"openfrs_prometheus"}
    assert names
    assert names <= metric_names()


def test_the_queries_of_dashboard_and_rules_are_valid() -> None:
    board = json.loads((REPOSITORY / "deploy" / "grafana" / "openfrs.json").read_text("utf-8"))
    rules = yaml.safe_load((REPOSITORY / "deploy" / "prometheus" / "openfrs.yml").read_text("utf-8"))
    queries = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    queries += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    for query in queries:
        promql_parser.parse(query.replace("$__rate_interval", "5m"))  # raises ValueError
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        assert rule.keys() - {"labels", "for"} in ({"alert", "expr", "annotations"}, {"record", "expr"})
        assert re.fullmatch(r"\d+[smhd]", rule.get("for", "0s"))


def test_the_dashboard_shows_every_metric() -> None:
    board = json.loads((REPOSITORY / "deploy" / "grafana" / "openfrs.json").read_text("utf-8"))
    dashboard_queries = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
    for family in REGISTRY.collect():
        assert family.name in dashboard_queries or not family.name.startswith("openfrs_"), family.name
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_every_alert_has_a_section_of_the_page() -> None:
    rules = (REPOSITORY / "deploy" / "prometheus" / "openfrs.yml").read_text("utf-8")
    page = (REPOSITORY / "docs" / "how-to" / "on-call.md").read_text("utf-8")
    alerts = re.findall(r"^      - alert: (\w+)$", rules, re.M)
    assert sorted(alerts) == sorted(re.findall(r"^## (OpenFRS\w+)$", page, re.M))
