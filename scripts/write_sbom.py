"""Write the software bill of materials of a release, as CycloneDX 1.6.

python scripts/write_sbom.py dist/openfrs.cdx.json

It lists the Python packages of the lock file, the packages in the bundle of the console, and the model weights that are downloaded,
each with version, licence and hashes. Licences of Python packages are those of the installed ones.
"""

import base64
import json
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from openfrs import __version__
from openfrs.vision.weights.manifest import manifest

REPOSITORY = Path(__file__).parent.parent
LOCK = REPOSITORY / "requirements" / "install.txt"
CONSOLE_LOCK = REPOSITORY / "console" / "package-lock.json"

_PIN = re.compile(r"^([\w.-]+)==(\S+?)(?: ;[^\\\n]*)? \\\n((?:    --hash=sha256:\w+(?: \\)?\n?)+)", re.MULTILINE)


def main(target: Annotated[Path, typer.Argument(help="File to write.")]) -> None:
    """Write the bill of materials."""
    application = Component(
        name="openfrs",
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref="openfrs",
        licenses=licences("Apache-2.0"),
    )
    bom = Bom(
        components=[*python_packages(), *console_packages(), *weights()], metadata=BomMetaData(component=application)
    )
    bom.register_dependency(application, bom.components)
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["serialNumber"], document["metadata"]["timestamp"]  # the same sources give the same bytes
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(target)


def python_packages() -> Iterator[Component]:
    """Yield the packages of the lock file."""
    for name, version, hashes in _PIN.findall(LOCK.read_text("utf-8")):
        yield Component(
            name=name,
            version=version,
            purl=PackageURL("pypi", name=name, version=version),
            bom_ref=f"pypi:{name}@{version}",
            licenses=licences(_licence_of(name)),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=text) for text in re.findall(r"sha256:(\w+)", hashes)],
        )


def console_packages() -> Iterator[Component]:
    """Yield the packages that the console's bundle is made of."""
    for path, entry in json.loads(CONSOLE_LOCK.read_text("utf-8"))["packages"].items():
        if not path or entry.get("dev") or entry.get("devOptional"):
            continue
        name = path.rpartition("node_modules/")[2]
        algorithm, _, digest = entry["integrity"].partition("-")
        yield Component(
            name=name,
            version=entry["version"],
            purl=PackageURL("npm", name=name, version=entry["version"]),
            bom_ref=f"npm:{path}",
            licenses=licences(entry.get("license", "")),
            hashes=[
                HashType(alg=HashAlgorithm(algorithm.replace("sha", "SHA-")), content=base64.b64decode(digest).hex())
            ],
        )


def weights() -> Iterator[Component]:
    """Yield the model weights, each with the hash of its file and the package it comes from."""
    known = manifest()
    for name, weight in known.weights.items():
        artefact = known.artefacts[weight.artefact]
        yield Component(
            name=name,
            version=artefact.version,
            type=ComponentType.MACHINE_LEARNING_MODEL,
            purl=PackageURL(artefact.registry, name=artefact.package, version=artefact.version, subpath=weight.member),
            bom_ref=f"weight:{name}",
            description=f"{weight.role}; origin: {weight.origin}",
            licenses=licences(weight.licence),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=weight.sha256)],
        )


def licences(text: str) -> list[License]:
    """Return the licence of a text, an SPDX expression where it is one."""
    return [LicenseFactory().make_from_string(text)] if text else []


def _licence_of(package: str) -> str:
    """Return the licence that the installed package states, in one line; empty if it is not installed or states none."""
    try:
        stated = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return ""
    expression = stated["License-Expression"] or stated["License"] or ""
    classifiers = [
        text.rpartition(" :: ")[2] for text in stated.get_all("Classifier", []) if text.startswith("License ::")
    ]
    return expression if expression and "\n" not in expression else ", ".join(classifiers)


if __name__ == "__main__":
    typer.run(main)
