"""The ``openfrs`` command."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from openfrs import __version__
from openfrs.core.errors import OperatorError, ServiceError

from .accounts import app as accounts_app
from .archive import app as archive_app
from .archive import export_faces
from .backup import backup, doctor, restore
from .config import app as config_app
from .eval import app as eval_app
from .import_faces import import_faces
from .index import app as index_app
from .migrate import migrate_store
from .options import Bootstrap, Data, Host, Models, Port, TlsCertificate, TlsKey, Workers, settings_of
from .retention import app as retention_app

app = typer.Typer(
    help="Face recognition that speaks the wire of Huawei Cloud FRS.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
models_app = typer.Typer(help="The model weights.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(accounts_app, name="accounts")
app.add_typer(eval_app, name="eval")
app.add_typer(archive_app, name="archive")
app.add_typer(config_app, name="config")
app.add_typer(retention_app, name="retention")
app.add_typer(index_app, name="index")

templates_app = typer.Typer(help="Encryption of the templates in the database.", no_args_is_help=True)
app.add_typer(templates_app, name="templates")

app.command("import")(import_faces)
app.command("export")(export_faces)
app.command()(backup)
app.command()(restore)
app.command()(doctor)
app.command("migrate-store")(migrate_store)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False) -> None:
    """Options of the command itself."""
    if show:
        print(f"openfrs {__version__}")
        raise typer.Exit


@app.command()
def serve(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    models: Models = None,
    workers: Workers = None,
    bootstrap: Bootstrap = None,
    tls_certificate: TlsCertificate = None,
    tls_key: TlsKey = None,
) -> None:
    """Serve until told to stop."""
    from openfrs.server.main import (
        serve as run,  # the server brings the models' runtime along, which other commands do without
    )

    settings = settings_of(
        data=data,
        host=host,
        port=port,
        models=models,
        workers=workers,
        bootstrap=bootstrap,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
    )
    run(settings)


@models_app.command("fetch")
def models_fetch(
    models: Models = None,
    samples: Annotated[bool, typer.Option("--samples", help="Bring sample photos too.")] = False,
) -> None:
    """Download the weights that are missing or altered, and check them."""
    cache = _weight_cache(models)
    with _progress() as progress:

        def track(name: str) -> Any:
            task = progress.add_task(name, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        left_out = cache.fetch(track, samples=samples)
    cache.require()
    for reason in left_out:
        print(f"openfrs: {reason}", file=sys.stderr)
    what = "The weights that the service cannot do without" if left_out else "The model weights"
    print(f"{what} are in {cache.directory}.")


@models_app.command("list")
def models_list(models: Models = None) -> None:
    """Show every weight: role, origin, licence, state."""
    cache = _weight_cache(models)
    table = Table(
        "name", "role", "package", "licence", "origin", "input", "state", title=f"Model weights in {cache.directory}"
    )
    for name, state in cache.states().items():
        weight = cache.manifest.weights[name]
        artefact = cache.manifest.artefacts[weight.artefact]
        package = f"{artefact.package} {artefact.version} ({artefact.registry})"
        table.add_row(name, weight.role, package, weight.licence, _origin(weight), weight.input, state)
    Console().print(table)


@models_app.command("verify")
def models_verify(models: Models = None) -> None:
    """Check the hash of every weight; fails where one is missing or altered that the service cannot do without."""
    cache = _weight_cache(models)
    cache.require()
    lacking = [f"{name} is {state}" for name, state in cache.states().items() if state != "ready"]
    if lacking:
        print(f"The service can run on the model weights in {cache.directory}, though {', '.join(lacking)}.")
    else:
        print(f"The model weights in {cache.directory} are complete.")


@models_app.command("tune")
def models_tune(models: Models = None) -> None:
    """Measure how detector and embedders run fastest on this processor; a server takes it from there when it starts."""
    from openfrs.vision.runtime.tuning import Tuner  # brings the models' runtime along

    cache = _weight_cache(models)
    cache.require()
    tuner = Tuner(cache)
    table = Table("name", "as it is run", "milliseconds, each way", title=f"Models on {tuner.processor}")
    for name, choice in tuner.tune().weights.items():
        taken = sorted(choice.milliseconds.items(), key=lambda each: each[1])
        table.add_row(name, str(choice.execution), ", ".join(f"{how} {value:.1f}" for how, value in taken))
    Console().print(table)
    print(f"Kept in {tuner.file}.")


@models_app.command("import")
def models_import(
    file: Annotated[Path, typer.Argument(help="An artefact of the manifest, or a file of weights out of one.")],
    models: Models = None,
) -> None:
    """Take weights from a file brought by hand."""
    print("Imported", ", ".join(_weight_cache(models).import_file(file)))


@templates_app.command("encrypt")
def templates_encrypt(data: Data = None) -> None:
    """Encrypt what is stored plainly, by the master key that is set; the server must not run."""
    from openfrs.operations.maintenance.keys import encrypt_templates

    with _counted("templates encrypted") as advance:
        encrypt_templates(settings_of(data=data), advance)


@templates_app.command("rotate-project-keys")
def templates_rotate_project_keys(data: Data = None) -> None:
    """Encrypt all templates again, with a new key for each project; the server must not run."""
    from openfrs.operations.maintenance.keys import rotate_project_keys

    with _counted("templates encrypted again") as advance:
        rotate_project_keys(settings_of(data=data), advance)


@templates_app.command("rotate-master-key")
def templates_rotate_master_key(
    new_key_file: Annotated[Path, typer.Argument(help="File with the base64 of 32 other random bytes.")],
    data: Data = None,
) -> None:
    """Encrypt the projects' keys by another master key; the server must not run."""
    from openfrs.operations.maintenance.keys import rotate_master_key

    count = rotate_master_key(settings_of(data=data), new_key_file)
    print(f"The keys of {count} projects need the new master key now.")


@templates_app.command("erase-project")
def templates_erase_project(
    project_id: Annotated[str, typer.Argument(help="Id of the project.")],
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy the key of a project's templates and delete its face sets; the server must not run."""
    from openfrs.operations.maintenance.keys import erase_project

    if not yes:
        typer.confirm(f"Delete all face sets of project {project_id} for ever?", abort=True)
    print(f"Deleted {erase_project(settings_of(data=data), project_id)} face sets and the project's key.")


@templates_app.command("scrub")
def templates_scrub(data: Data = None) -> None:
    """Write the database anew, so that no copy of a deleted template is left in it; the server must not run."""
    from openfrs.operations.maintenance.keys import scrub

    scrub(settings_of(data=data))
    print("The database holds nothing but what is enrolled.")


@app.command()
def reindex(
    face_set: Annotated[str, typer.Argument(help="Name of the face set.")],
    pictures: Annotated[Path, typer.Argument(help="Folder of pictures, each named EXTERNAL_IMAGE_ID.SUFFIX.")],
    project: Annotated[str | None, typer.Option(help="Id of the project.", show_default="the first account's")] = None,
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Delete the faces that are not found in a picture.")
    ] = False,
    data: Data = None,
    models: Models = None,
) -> None:
    """Make the templates of a face set again with the present embedder; the server must not run."""
    from openfrs.operations.maintenance.reembed import reembed_face_set as run

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def track(name: str, total: int) -> Callable[[int], None]:
            task = progress.add_task(name, total=total)
            return lambda more: progress.advance(task, more)

        settings = settings_of(data=data, models=models)
        remade = run(settings, face_set, pictures, project_id=project, drop_missing=drop_missing, track=track)
    for face in remade.without_image:
        print(f"no picture: face {face.face_id}, external_image_id {face.external_image_id}")
    for face, why in remade.without_face:
        print(f"no face: face {face.face_id}, external_image_id {face.external_image_id}: {why}")
    for path in remade.unused:
        print(f"not needed: {path.name}")
    if remade.missing and not drop_missing:
        raise OperatorError(
            f"{len(remade.missing)} faces would be lost, so nothing was changed; --drop-missing deletes them"
        )
    print(f"{len(remade.templates)} faces have new templates, {len(remade.missing)} were deleted.")


@app.command()
def bench(
    models: Models = None,
    seconds: Annotated[float, typer.Option(help="How long to measure each case.", min=0.1)] = 3.0,
    gallery: Annotated[bool, typer.Option("--gallery", help="Measure search and storage only.")] = False,
    faces: Annotated[int, typer.Option(help="Faces of a set; one set gets ten times as many.", min=100)] = 100_000,
    file: Annotated[Path | None, typer.Option("--json", help="File to write the figures to.")] = None,
) -> None:
    """Measure this machine: pictures, requests through the API, search and storage."""
    from openfrs.evaluation.benchmark import run

    run(settings_of(models=models), seconds, gallery_only=gallery, faces=faces, file=file)


def _weight_cache(models: Path | None) -> Any:
    from openfrs.vision.weights.cache import WeightCache

    settings = settings_of(models=models)
    return WeightCache.open(settings.models, unattributed=settings.unattributed_weights)


def _origin(weight: Any) -> str:
    return weight.origin if weight.attributed else "origin not stated"


@contextmanager
def _counted(what: str) -> Iterator[Callable[[int], None]]:
    """Counts on the terminal while it goes on, and in a line at the end."""
    count = 0
    console = Console(stderr=True)
    columns = TextColumn("{task.completed:,.0f} {task.description}")
    with Progress(columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)

        def advance(more: int) -> None:
            nonlocal count
            count += more
            progress.update(task, completed=count)

        yield advance
    print(f"{count} {what}.")


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress


def main() -> None:
    """The command's entry point: what the operator has to mend is one line and exit status 1."""
    try:
        app()
    except (OperatorError, ServiceError) as error:
        text = error.message if isinstance(error, ServiceError) else error
        print(f"openfrs: {text}", file=sys.stderr)
        raise SystemExit(1) from None
