"""The rows of the compatibility table: each client with its version, and how the tests run it."""

import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.servers import RunningServer

from .clients import Client, Curl, OldJavaSdk, OldPythonSdk
from .environments import (
    CORE_VERSIONS,
    DRIVERS,
    NEWEST_SDK,
    PACKAGES,
    SDK_VERSIONS,
    csharp_driver,
    debian_version,
    go_driver,
    node_folder,
    python_of,
)
from .packages import AnyRequest, Defects, NodeCore, PythonSdk
from .processes import driver

PACKAGE: Final = "package"
BYTES: Final = "the bytes"


@dataclass(frozen=True)
class Context:
    """The server, a folder and the end of the test, for a client to start."""

    server: RunningServer
    folder: Path
    stack: ExitStack

    def subfolder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder


@dataclass(frozen=True)
class Subject:
    """A row: the client, its version, what is run, and a function that starts it, for some in two modes."""

    name: str
    version: Callable[[], str]
    form: str
    start: Callable[[Context], list[Client]]

    @property
    def title(self) -> str:
        return f"{self.name} {self.version()}"


_DEFECTS: Final[Mapping[str, Defects]] = {"3.0.55": {("show face set", "-"): "reads another key than FRS documents"}}


def _python_sdk(python: Callable[[], Path], number: str) -> Subject:
    def start(context: Context) -> list[Client]:
        clients: list[Client] = []
        for asynchronous in (False, True):
            folder = context.subfolder("asynchronous" if asynchronous else "synchronous")
            process = context.stack.enter_context(driver([str(python()), str(DRIVERS / "python_sdk.py")], folder))
            defects = _DEFECTS.get(number, {})
            clients.append(PythonSdk(context.server, process, folder, asynchronous=asynchronous, defects=defects))
        return clients

    return Subject("Python SDK 3, synchronous and asynchronous", lambda: number, PACKAGE, start)


def _core(number: str) -> Subject:
    def start(context: Context) -> list[Client]:
        command = ["node", "call.mjs", number]
        process = context.stack.enter_context(driver(command, context.folder, cwd=node_folder()))
        form_defect = "signs another content type than it sends" if number.startswith("3.0.") else ""
        return [NodeCore(context.server, process, form_defect=form_defect)]

    return Subject("JavaScript SDK 3, core", lambda: number, PACKAGE, start)


def _gophercloud(context: Context) -> list[Client]:
    process = context.stack.enter_context(driver([str(go_driver())], context.folder))
    return [AnyRequest(context.server, process, context.folder, from_catalog=True)]


def _openstack(library: str, distribution: str) -> Subject:
    (requirement,) = (each for each in PACKAGES["openstack"] if each.startswith(f"{distribution}=="))

    def start(context: Context) -> list[Client]:
        command = [str(python_of("openstack")), str(DRIVERS / "iam_python.py")]
        process = context.stack.enter_context(driver(command, context.folder))
        return [AnyRequest(context.server, process, context.folder, from_catalog=True, library=library)]

    return Subject(library, lambda: requirement.partition("==")[2], PACKAGE, start)


_NO_CUSTOM_FIELD: Final = frozenset({("delete faces", "custom field")})


def _php(context: Context) -> list[Client]:
    debian_version("php-curl")
    process = context.stack.enter_context(driver(["php", str(DRIVERS / "php_sdk.php")], context.folder))
    return [AnyRequest(context.server, process, context.folder, missing=_NO_CUSTOM_FIELD)]


def _csharp(context: Context) -> list[Client]:
    process = context.stack.enter_context(driver(["mono", str(csharp_driver())], context.folder))
    return [AnyRequest(context.server, process, context.folder, missing=frozenset({("batch delete", "filter")}))]


def _curl(context: Context) -> list[Client]:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    return [Curl(context.server, context.folder)]


def _all() -> list[Subject]:
    return [
        *(_python_sdk(lambda number=number: python_of(f"frs-{number}"), number) for number in SDK_VERSIONS),  # type: ignore[misc]
        _python_sdk(lambda: Path(sys.executable), NEWEST_SDK),
        *(_core(number) for number in CORE_VERSIONS),
        Subject("PHP SDK", lambda: "3", BYTES, _php),
        Subject("Python SDK", lambda: "1.0", BYTES, lambda context: [OldPythonSdk(context.server)]),
        Subject("Java SDK", lambda: "1.6", BYTES, lambda context: [OldJavaSdk(context.server)]),
        Subject("C# SDK", lambda: "1.0", BYTES, _csharp),
        Subject(
            "gophercloud", lambda: debian_version("golang-github-gophercloud-gophercloud-dev"), PACKAGE, _gophercloud
        ),
        _openstack("keystoneauth1", "keystoneauth1"),
        _openstack("openstacksdk", "openstacksdk"),
        Subject("curl", lambda: "any", PACKAGE, _curl),
    ]


SUBJECTS: Final[Mapping[str, Subject]] = {
    f"{subject.name} {number}": subject for number, subject in enumerate(_all(), 1)
}
