"""The ``openfrs`` command: its subcommands and its entry point."""

import sys
from importlib.util import find_spec
from typing import Annotated, ClassVar

import typer

from openfrs import __version__
from openfrs.core.errors import OperatorError, ServiceError

from .lazy import LazyCommand, LazyGroup


class Commands(LazyGroup):
    """The subcommands of ``openfrs``."""

    lazy_commands: ClassVar = {
        "serve": LazyCommand("openfrs.cli.serve", "serve", "Run the server."),
        "ready": LazyCommand("openfrs.cli.ready", "ready", "Check that the server with these settings is ready."),
        "login": LazyCommand(
            "openfrs.cli.login",
            "login",
            "Sign in as the first account and print ENDPOINT, PROJECT_ID and TOKEN for a shell.",
        ),
        "models": LazyCommand("openfrs.cli.models", "app", "Download, list and verify the model weights."),
        "accounts": LazyCommand(
            "openfrs.cli.accounts", "app", "Manage domains, users, projects, roles and access keys."
        ),
        "audit": LazyCommand("openfrs.cli.audit", "audit", "Print the audit log, newest first, as JSONL or CSV."),
        "import": LazyCommand(
            "openfrs.cli.import_faces", "import_faces", "Enrol faces from images, or import a face set from an archive."
        ),
        "sets": LazyCommand("openfrs.cli.sets", "app", "List, create and delete face sets."),
        "export": LazyCommand("openfrs.cli.archive", "export_face_set", "Export a face set to an archive."),
        "archive": LazyCommand("openfrs.cli.archive", "app", "Inspect archives and manage trusted keys."),
        "backup": LazyCommand("openfrs.cli.backup", "backup", "Back up the data directory."),
        "restore": LazyCommand("openfrs.cli.backup", "restore", "Restore a backup to an empty data directory."),
        "doctor": LazyCommand("openfrs.cli.doctor", "doctor", "Check the installation and suggest fixes."),
        "reindex": LazyCommand(
            "openfrs.cli.reindex", "reindex", "Compute the templates of a face set again with the current embedder."
        ),
        "index": LazyCommand("openfrs.cli.index", "app", "Rebuild and verify the face index on a Milvus server."),
        "templates": LazyCommand("openfrs.cli.templates", "app", "Encrypt templates and rotate their keys."),
        "retention": LazyCommand("openfrs.cli.retention", "app", "Delete expired faces and report deletions."),
        "migrate-store": LazyCommand("openfrs.cli.migrate", "migrate_store", "Move a data directory to PostgreSQL."),
        "config": LazyCommand("openfrs.cli.config", "app", "Show the settings in force."),
        "eval": LazyCommand("openfrs.cli.eval", "app", "Measure the accuracy of the models on labelled images."),
        "bench": LazyCommand("openfrs.cli.bench", "bench", "Measure the performance of this machine."),
    }


app = typer.Typer(
    cls=Commands,
    help="A self-hosted face recognition service, compatible with the API of Huawei Cloud FRS.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def openfrs(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Handle the options that precede the subcommand."""
    if version:
        print(f"openfrs {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command; print an expected error as one line and exit with status 1."""
    sys.modules["__main__"].__spec__ = find_spec(
        "openfrs.__main__"
    )  # children of a server need not run the script again
    try:
        app()
    except (OperatorError, ServiceError) as error:
        message = error.message if isinstance(error, ServiceError) else error
        print(f"openfrs: {message}", file=sys.stderr)
        raise SystemExit(1) from None
