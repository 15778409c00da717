"""``openfrs export``, ``openfrs archive``, and what ``openfrs import --archive`` does."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings

from .options import Data, Project, settings_of
from .progress import tracked

app = typer.Typer(help="Archives of face sets, and whose to believe.", no_args_is_help=True)

PassphraseFile = Annotated[Path | None, typer.Option(help="File whose first line is the passphrase.")]
Trust = Annotated[str | None, typer.Option("--trust", help="Public key to believe this once.")]


def export_faces(
    face_set: Annotated[str, typer.Argument(help="Name of the face set.")],
    file: Annotated[Path, typer.Argument(help="File to make; it must not be there yet.")],
    encrypt: Annotated[bool, typer.Option("--encrypt", help="Seal the faces; asks for a passphrase.")] = False,
    passphrase_file: PassphraseFile = None,
    plain: Annotated[bool, typer.Option("--plain", help="Do not seal them, though a master key is set.")] = False,
    project: Project = None,
    data: Data = None,
) -> None:
    """Write a face set with all that belongs to it to an archive; the server may run."""
    from openfrs.operations.transfer.archive.exporting import export_set
    from openfrs.store.opening import master_key

    settings = settings_of(data=data)
    if plain and (encrypt or passphrase_file is not None):
        raise OperatorError("--plain and a passphrase do not go together")
    passphrase = None
    if encrypt or passphrase_file is not None:
        passphrase = _passphrase(passphrase_file, confirm=True)
    elif master_key(settings) is not None and not plain:
        raise OperatorError("templates are encrypted in the database: seal the archive with --encrypt, or say --plain")
    with tracked() as track:
        count = export_set(
            settings,
            face_set,
            file,
            project_id=project,
            passphrase=passphrase,
            track=track,
        )
    print(f"{count} faces are in {file}, {'sealed' if passphrase is not None else 'not sealed'}.")


def import_archived(
    settings: Settings,
    file: Path,
    *,
    name: str | None,
    trust: str | None,
    passphrase_file: Path | None,
    project: str | None,
) -> None:
    """Make a face set of an archive."""
    from openfrs.operations.transfer.archive.importing import Adoption, import_archive

    what = Adoption(project, name, trust)
    with tracked() as track:
        archived = import_archive(settings, file, what, lambda: _passphrase(passphrase_file), track)
    print(f"{archived.faces} faces are in face set {name or archived.name}.")


@app.command("show")
def show(
    file: Annotated[Path, typer.Argument(help="The archive.")],
    passphrase_file: PassphraseFile = None,
    trust: Trust = None,
    data: Data = None,
) -> None:
    """Check an archive and show what is in it."""
    from openfrs.operations.transfer.archive.importing import opened

    with (
        tracked() as track,
        opened(settings_of(data=data), file, trust, lambda: _passphrase(passphrase_file), track) as (head, table),
    ):
        archived = table.description
    for name, value in (
        ("face set", archived.name),
        ("faces", f"{archived.faces:,}"),
        ("embedder", archived.embedder),
        ("custom fields", ", ".join(archived.fields) or "none"),
        ("made", f"{archived.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("exported", f"{head.made_at:%Y-%m-%d %H:%M:%S} UTC by OpenFRS {head.made_by}"),
        ("signed by", head.signed_by),
        ("sealed", "no" if head.sealing is None else "yes"),
    ):
        print(f"{name:14} {value}")


@app.command("key")
def key(data: Data = None) -> None:
    """Show the public key of this data directory's archives."""
    from openfrs.operations.transfer.archive.keys import ArchiveKeys, public_key

    print(public_key(ArchiveKeys(settings_of(data=data).data).own()))


@app.command("trust")
def trust_key(
    key: Annotated[str, typer.Argument(help="What openfrs archive key shows at the other server.")],
    name: Annotated[str, typer.Option(help="Whose it is.")] = "another server",
    data: Data = None,
) -> None:
    """Believe another server's archives."""
    from openfrs.operations.transfer.archive.keys import ArchiveKeys

    ArchiveKeys(settings_of(data=data).data).trust(key, name)
    print(f"Archives of {name} are believed now.")


@app.command("distrust")
def distrust_key(
    key: Annotated[str, typer.Argument(help="A key that openfrs archive trusted shows.")], data: Data = None
) -> None:
    """Believe a server's archives no longer."""
    from openfrs.operations.transfer.archive.keys import ArchiveKeys

    ArchiveKeys(settings_of(data=data).data).distrust(key)
    print("Archives signed with it are refused now.")


@app.command("trusted")
def trusted(data: Data = None) -> None:
    """Show whose archives are believed, beside this data directory's own."""
    from openfrs.operations.transfer.archive.keys import ArchiveKeys

    for other, name in ArchiveKeys(settings_of(data=data).data).trusted().items():
        print(f"{other}  {name}")


def _passphrase(file: Path | None, *, confirm: bool = False) -> str:
    """The passphrase of a file, else what is typed."""
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise OperatorError(f"cannot read the passphrase in {file}: {error}") from error
        typed = lines[0] if lines else ""
    elif sys.stdin.isatty():
        typed = str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
    else:
        raise OperatorError("the archive needs a passphrase: --passphrase-file FILE")
    if not typed:
        raise OperatorError("the passphrase is empty")
    return typed
