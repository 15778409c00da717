"""``openfrs models``: the model weights."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from openfrs.vision.weights.cache import State, WeightCache

from .options import Json, Models, settings_of, show_json
from .progress import track_downloads

app = typer.Typer(no_args_is_help=True)


@app.command()
def fetch(
    models: Models = None,
    samples: Annotated[bool, typer.Option("--samples", help="Download the sample photos too.")] = False,
) -> None:
    """Download missing or altered weights and verify them."""
    cache = _weight_cache(models)
    with track_downloads() as track:
        left_out = cache.fetch(track, samples=samples)
    cache.require()
    for reason in left_out:
        print(f"openfrs: {reason}", file=sys.stderr)
    weights = "The required model weights" if left_out else "The model weights"
    print(f"{weights} are in {cache.directory}.")


@app.command("list")
def list_weights(as_json: Json = False, models: Models = None) -> None:
    """List the weights with their roles, origins, licences and states."""
    cache = _weight_cache(models)
    rows = [_describe(cache, name, state) for name, state in cache.states().items()]
    if as_json:
        show_json(rows)
        return
    table = Table(*rows[0], title=f"Model weights in {cache.directory}")
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)


def _describe(cache: WeightCache, name: str, state: State) -> dict[str, str]:
    weight = cache.manifest.weights[name]
    artefact = cache.manifest.artefacts[weight.artefact]
    return {
        "name": name,
        "role": weight.role,
        "package": f"{artefact.package} {artefact.version} ({artefact.registry})",
        "licence": weight.licence,
        "origin": weight.origin if weight.attributed else "origin not stated",
        "input": weight.input,
        "state": state,
    }


@app.command()
def verify(models: Models = None) -> None:
    """Verify the hash of each weight. Exits 1 if a required weight is missing or altered."""
    cache = _weight_cache(models)
    cache.require()
    unready = [f"{name} is {state}" for name, state in cache.states().items() if state != "ready"]
    if unready:
        print(f"The required model weights are in {cache.directory}; optional weights: {', '.join(unready)}.")
    else:
        print(f"The model weights in {cache.directory} are complete.")


@app.command()
def tune(models: Models = None) -> None:
    """Measure the fastest way to run each model on this processor; the server uses the result from its next start."""
    from openfrs.vision.runtime.tuning import Tuner  # imports the model runtime, which the other commands do without

    cache = _weight_cache(models)
    cache.require()
    tuner = Tuner(cache)
    table = Table("name", "runs with", "milliseconds by option", title=f"Models on {tuner.processor}")
    for name, choice in tuner.tune().weights.items():
        measured = sorted(choice.milliseconds.items(), key=lambda item: item[1])
        table.add_row(name, str(choice.execution), ", ".join(f"{option} {value:.1f}" for option, value in measured))
    Console().print(table)
    print(f"Saved to {tuner.file}.")


@app.command("import")
def import_weights(
    file: Annotated[Path, typer.Argument(help="A package of the manifest, or one of its weight files.")],
    models: Models = None,
) -> None:
    """Import weights from a file, without a download."""
    print("Imported", ", ".join(_weight_cache(models).import_file(file)))


def _weight_cache(models: Path | None) -> WeightCache:
    settings = settings_of(models=models)
    return WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
