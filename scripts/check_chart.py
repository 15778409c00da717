"""Lint the Helm chart with Helm itself, and compare what it renders with the manifests for users without Helm.

    .venv/helm/bin/python scripts/check_chart.py [--write]

Needs the package ``helm-python-sdk``, which contains Helm; ``make lint-chart`` installs it. ``--write`` renders the manifests.
"""

import sys
from pathlib import Path

from helm_python import Chart, lint

ROOT = Path(__file__).parent.parent
CHART = ROOT / "deploy" / "helm" / "openfrs"
MANIFESTS = ROOT / "deploy" / "kubernetes" / "openfrs.yaml"
HEADER = """\
# Rendered from the chart deploy/helm/openfrs by make lint-chart WRITE=1, for kubectl without Helm: edit image, host and secrets.
"""
WARNING = 2


def main() -> None:
    """Check the chart; exit with a message if Helm warns or the manifests are out of date."""
    findings = [each for each in lint(CHART, strict=True)["messages"] if each["severity"] >= WARNING]
    if findings:
        sys.exit("\n".join(f"{each['path']}: {each['error']}" for each in findings))
    rendered = Chart.load(CHART).render(name="openfrs")
    text = HEADER + "".join(
        f"---\n# {path}\n{rendered[path].strip()}\n" for path in sorted(rendered) if rendered[path].strip()
    )
    if "--write" in sys.argv[1:]:
        MANIFESTS.write_text(text, "utf-8")
    elif MANIFESTS.read_text("utf-8") != text:
        sys.exit(f"{MANIFESTS.relative_to(ROOT)} is out of date; run make lint-chart WRITE=1")


if __name__ == "__main__":
    main()
