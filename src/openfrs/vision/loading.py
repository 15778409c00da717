"""Loading the models that the settings name. The only module of this package that reads settings."""

from openfrs.core.settings import Settings

from .pipeline import ModelPipeline, Pipeline
from .runtime.session import CPU, Execution, Provider, Runtime
from .runtime.tuning import Tuner
from .weights.cache import WeightCache
from .weights.custom_embedder import chosen_embedder


def load_models(settings: Settings) -> Pipeline:
    """The models of the settings' weights directory."""
    weights = WeightCache.open(settings.models, unattributed=settings.unattributed_weights)
    runtime = runtime_of(settings, weights, settings.threads)
    return ModelPipeline(weights, runtime, chosen_embedder(settings.embedder, settings.embedder_manifest))


def runtime_of(settings: Settings, weights: WeightCache, streams: int) -> Runtime:
    """What runs the weights for ``streams`` threads, as an operator has it.

    What was measured holds for the processor. On another device detector and embedder run in single precision, and what else
    there is stays on the processor.
    """
    tuner = Tuner(weights)
    executions = tuner.executions(settings.provider, settings.precision)
    if settings.device == CPU:
        return Runtime(streams, executions, Execution("openvino" if settings.provider == "auto" else settings.provider))
    provider: Provider = "onnxruntime" if settings.device.endswith("ExecutionProvider") else "openvino"
    own = Execution(provider if settings.provider == "auto" else settings.provider, device=settings.device)
    return Runtime(streams, dict.fromkeys(executions, own), own)
