"""``openfrs export`` and ``openfrs archive``, and the archive part of ``openfrs import``.

The modules that read and write archives are imported in the functions: they need pyarrow, an optional dependency.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.operations.transfer.archive.keys import ArchiveKeys, public_key
from openfrs.store.opening import load_master_key

from .options import Data, Json, Project, settings_of, show_json
from .progress import track_items

app = typer.Typer(no_args_is_help=True)

PassphraseFile = Annotated[Path | None, typer.Option(help="File whose first line is the passphrase.")]
Trust = Annotated[str | None, typer.Option("--trust", help="Public key to trust for this command only.")]


def export_face_set(
    face_set: Annotated[str, typer.Argument(help="Name of the face set.")],
    file: Annotated[Path, typer.Argument(help="File to create; it must not exist.")],
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Encrypt the faces with a passphrase; prompts for it.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Do not encrypt the faces, even if a master key is set.")
    ] = False,
    project: Project = None,
    data: Data = None,
) -> None:
    """Export a face set to an archive. The server may run."""
    from openfrs.operations.transfer.archive.exporting import export_set

    settings = settings_of(data=data)
    encrypted = encrypt or passphrase_file is not None
    if plain and encrypted:
        raise OperatorError("--plain cannot be combined with --encrypt or --passphrase-file")
    if not plain and not encrypted and load_master_key(settings) is not None:
        raise OperatorError(
            "templates are encrypted in the database; encrypt the archive with --encrypt, or export it with --plain"
        )
    passphrase = _passphrase(passphrase_file, confirm=True) if encrypted else None
    with track_items() as track:
        count = export_set(settings, face_set, file, project_id=project, passphrase=passphrase, track=track)
    print(f"Exported {count} faces to {file}, {'encrypted' if encrypted else 'not encrypted'}.")


def import_archived(
    settings: Settings,
    file: Path,
    *,
    name: str | None,
    trust: str | None,
    passphrase_file: Path | None,
    project: str | None,
) -> None:
    """Import a face set from an archive."""
    from openfrs.operations.transfer.archive.importing import ImportedSet, import_archive

    imported = ImportedSet(project, name, trust)
    with track_items() as track:
        archived = import_archive(settings, file, imported, lambda: _passphrase(passphrase_file), track)
    print(f"Imported {archived.faces} faces to face set {name or archived.name}.")


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="The archive.")],
    passphrase_file: PassphraseFile = None,
    trust: Trust = None,
    data: Data = None,
) -> None:
    """Verify an archive and show its contents."""
    from openfrs.operations.transfer.archive.importing import opened_archive

    with (
        track_items() as track,
        opened_archive(settings_of(data=data), file, trust, lambda: _passphrase(passphrase_file), track) as (
            header,
            table,
        ),
    ):
        archived = table.description
    for name, value in (
        ("face set", archived.name),
        ("faces", f"{archived.faces:,}"),
        ("embedder", archived.embedder),
        ("alignment", str(archived.alignment)),
        ("custom fields", ", ".join(archived.fields) or "none"),
        ("created", f"{archived.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("exported", f"{header.made_at:%Y-%m-%d %H:%M:%S} UTC by OpenFRS {header.made_by}"),
        ("signed by", header.signed_by),
        ("encrypted", "no" if header.sealing is None else "yes"),
    ):
        print(f"{name:14} {value}")


@app.command()
def key(data: Data = None) -> None:
    """Show the public key that signs this data directory's archives."""
    print(public_key(ArchiveKeys(settings_of(data=data).data).signing_key()))


@app.command()
def trust(
    key: Annotated[str, typer.Argument(help="Output of openfrs archive key on the other server.")],
    name: Annotated[str, typer.Option(help="Name of the other server.")] = "another server",
    data: Data = None,
) -> None:
    """Trust archives signed by another server."""
    ArchiveKeys(settings_of(data=data).data).trust(key, name)
    print(f"Archives signed by {name} are trusted.")


@app.command()
def distrust(
    key: Annotated[str, typer.Argument(help="A key that openfrs archive trusted lists.")], data: Data = None
) -> None:
    """Stop trusting archives signed by another server."""
    ArchiveKeys(settings_of(data=data).data).distrust(key)
    print("Archives signed with this key are rejected.")


@app.command()
def trusted(as_json: Json = False, data: Data = None) -> None:
    """List the trusted keys of other servers."""
    keys = ArchiveKeys(settings_of(data=data).data).trusted()
    if as_json:
        show_json([{"key": other, "name": name} for other, name in keys.items()])
        return
    for other, name in keys.items():
        print(f"{other}  {name}")


def _passphrase(file: Path | None, *, confirm: bool = False) -> str:
    """Read the passphrase from a file, or prompt for it."""
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise OperatorError(f"cannot read the passphrase from {file}: {error}") from error
        passphrase = lines[0] if lines else ""
    elif sys.stdin.isatty():
        passphrase = str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
    else:
        raise OperatorError("the archive needs a passphrase; use --passphrase-file FILE")
    if not passphrase:
        raise OperatorError("the passphrase is empty")
    return passphrase
