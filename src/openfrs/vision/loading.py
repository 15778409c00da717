"""Load the models that the settings select. No other module of this package reads settings.

The runtimes are imported when models are loaded: a server's process names :func:`load_models` and loads none.
"""

from typing import TYPE_CHECKING

from openfrs.core.settings import Settings

from .identity import ModelIdentity
from .runtime.base import CPU, ExecutionConfig, Provider
from .weights.cache import WeightCache
from .weights.custom_embedder import CustomEmbedder, read_custom_embedder
from .weights.manifest import manifest

if TYPE_CHECKING:
    from .pipeline import Pipeline
    from .runtime.session import Runtime


def load_models(settings: Settings) -> "Pipeline":
    """Load the models of the settings' weights directory.

    Raises:
        OperatorError: a weight is missing or altered, or the custom embedder cannot be used.
    """
    from .pipeline import ModelPipeline

    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    return ModelPipeline(weights, create_runtime(settings, weights, settings.threads), configured_embedder(settings))


def check_models(settings: Settings) -> ModelIdentity:
    """Return the identity of the models that :func:`load_models` loads, and check their files.

    Raises:
        OperatorError: a weight is missing or altered, or the custom embedder cannot be used.
    """
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    embedder = configured_embedder(settings)
    weights.require(["yunet", *(manifest().embedders[embedder].parts if isinstance(embedder, str) else ())])
    return ModelIdentity.of_embedder(embedder)


def configured_embedder(settings: Settings) -> str | CustomEmbedder:
    """Return the custom embedder if its manifest is set, else the name of an embedder of the manifest.

    Raises:
        OperatorError: the custom embedder's files cannot be used.
    """
    path = settings.embedder_manifest
    return settings.embedder if path is None else read_custom_embedder(path)


def create_runtime(settings: Settings, weights: WeightCache, streams: int) -> "Runtime":
    """Create the runtime that the settings select, for ``streams`` threads.

    Tuning results apply to the CPU only. On another device, the detector and the embedder run in single precision; all other
    models stay on the CPU.
    """
    from .runtime.session import Runtime
    from .runtime.tuning import Tuner

    configs = Tuner(weights).execution_configs(settings.provider, settings.precision)
    provider: Provider = "onnxruntime" if settings.device.endswith("ExecutionProvider") else "openvino"
    provider = provider if settings.provider == "auto" else settings.provider
    execution = ExecutionConfig(provider, device=settings.device)
    return Runtime(streams, configs if settings.device == CPU else dict.fromkeys(configs, execution), execution)
