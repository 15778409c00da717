"""What an operator can set: one frozen object, read from the environment and an optional TOML file."""

import os
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import ByteSize, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from . import limits


def _cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(BaseSettings):
    """Settings of the service.

    Every field can be given as an environment variable with the prefix ``OPENFRS_``, or in the TOML file that
    ``OPENFRS_CONFIG`` names. Command line options win over the environment, the environment over the file.
    """

    model_config = SettingsConfigDict(env_prefix="OPENFRS_", frozen=True, extra="forbid")

    data: Path = Field(Path("data"), description="Directory of everything durable: database, keys, first credentials.")
    database: SecretStr | None = Field(
        None,
        description="Database that nodes share: `postgresql://user:password@host/name`. None: SQLite, in the data directory.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    tls_certificate: Path | None = Field(
        None, description="File of the certificate to serve HTTPS with, PEM, followed by those that vouch for it."
    )
    tls_key: Path | None = Field(None, description="File of its private key, PEM, which nobody else may read.")
    models: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("openfrs") / "models",
        description="Directory of the model weights.",
    )
    embedder: Literal["sface", "fr_feature", "fused"] = Field(
        "sface", description="What makes templates: `sface`, `fr_feature`, or `fused`, both together."
    )
    embedder_manifest: Path | None = Field(
        None, description="TOML file of an embedder of your own, in place of a named one."
    )
    provider: Literal["auto", "openvino", "onnxruntime"] = Field(
        "auto",
        description="What runs the models: `openvino`, `onnxruntime`, which needs `openfrs[onnxruntime]`, or `auto`: what `openfrs "
        "models tune` found to be fastest, else OpenVINO.",
    )
    precision: Literal["auto", "f32"] = Field(
        "auto",
        description="Precision of detector and embedder: `auto`, which is bf16 where the processor has it, or `f32`, single.",
    )
    device: str = Field(
        "CPU",
        description="What detector and embedder run on: `CPU`, another device of OpenVINO's, such as `GPU`, or an execution "
        "provider of ONNX Runtime's, such as `CUDAExecutionProvider`.",
    )
    unattributed_weights: bool = Field(
        True, description="Use weights whose origin is not stated: expression, liveness, fr_feature."
    )
    bootstrap: bool = Field(True, description="Create a first account when the data directory has none.")
    project: str = Field("local", min_length=1, max_length=64, description="Name of the first account's project.")
    workers: int = Field(1, ge=1, le=256, description="Server processes over the one data directory.")
    threads: int = Field(
        default_factory=lambda given: max(1, _cores() // given.get("workers", 1)),
        ge=1,
        le=256,
        description="Pictures a process works on at the same time; one processor core each.",
    )
    queue: int = Field(
        64, ge=0, description="Pictures that may wait for a thread in each process; one more is answered 429."
    )
    large_queue: int = Field(
        16,
        ge=0,
        description="The same for pictures of more than 4 megapixels, and videos, which wait beside the others.",
    )
    requests: int = Field(
        256, ge=1, description="Requests that may be under way in each process; one more is answered 429 at once."
    )
    body_memory: ByteSize = Field(
        ByteSize(256 * 1024**2),
        description="Memory for what the requests under way in each process sent; what is too much for it is answered 429.",
    )
    token_hours: float = Field(limits.DEFAULT_TOKEN_HOURS, gt=0, le=24 * 30, description="Life of a token, in hours.")
    max_face_sets: int = Field(limits.FACE_SETS_PER_PROJECT, ge=1, description="Face sets a project may have.")
    max_face_set_capacity: int = Field(
        limits.FACE_SET_CAPACITY,
        ge=limits.FACE_SET_CAPACITY_STEP,
        multiple_of=limits.FACE_SET_CAPACITY_STEP,
        description="Largest capacity a face set may be given.",
    )
    rate: float = Field(
        10, ge=0, le=100_000, description="Requests a second a project may make of each operation; 0 for no limit."
    )
    slow_rate: float = Field(1, ge=0, le=100_000, description="The same for action liveness.")
    liveness_session_seconds: int = Field(
        120,
        ge=10,
        le=3600,
        description="How long a liveness session waits for its video, and then for its result to be read.",
    )
    retention_minutes: int = Field(
        60, ge=0, le=60 * 24 * 7, description="Minutes between two looks for faces that have expired; 0 for never."
    )
    burst: int = Field(2, ge=1, le=60, description="Seconds' worth of requests that may come at once.")
    concurrent: int = Field(32, ge=0, description="Requests a project may have under way at once; 0 for no limit.")
    counters: str = Field(
        "memory://",
        description="Where rates and failed logins are counted: `memory://`, or `redis://host:port` for several processes.",
    )
    trusted_proxies: str = Field(
        "", description="Addresses of reverse proxies whose `X-Forwarded-For` is believed, comma-separated."
    )
    url_hosts: str = Field(
        "",
        description="Hosts that `image_url` and its kin may name, comma-separated: `name`, `name:port`, `*.name` for all below it, "
        "`*` for all.",
    )
    url_networks: str = Field(
        "",
        description="Networks that those hosts may be in though they are not public, comma-separated, such as 10.1.0.0/16.",
    )
    obs_endpoint: str = Field(
        "",
        description="Address of the S3-compatible store that holds the objects which OBS URLs name, such as https://s3.example.",
    )
    obs_region: str = Field("us-east-1", description="Region of that store.")
    obs_access_key: str = Field("", description="Access key for that store.")
    obs_secret_key: SecretStr | None = Field(None, description="Secret key for that store.")
    obs_buckets: str = Field(
        "",
        description="Buckets that may be read there, comma-separated: `bucket` for every project, `bucket=PROJECT_ID` for one. "
        "None: all that the key opens.",
    )
    index_memory: ByteSize = Field(
        ByteSize(2 * 1024**3),
        description="Memory for the indexes of face sets, such as 500MB or 2GiB; those used longest ago are dropped.",
    )
    index: Literal["memory", "milvus"] = Field(
        "memory", description="What face sets are searched by: an index in `memory`, or one on a `milvus` server."
    )
    milvus: SecretStr | None = Field(
        None, description="That server: `http://user:password@host:19530/database`; needs `openfrs[milvus]`."
    )
    master_key_file: Path | None = Field(
        None, description="File with the base64 of 32 random bytes, by which templates are encrypted in the database."
    )
    master_key: SecretStr | None = Field(None, description="The same key itself, in place of a file.")
    metrics: str = Field(
        "",
        description="Address and port to serve metrics to Prometheus on, such as 127.0.0.1:9464; never the API's.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="What a reader of metrics sends as a bearer token; must be set where the address is open to others.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Form of the log: `text`, or `json`, an object a line."
    )
    otlp_endpoint: str = Field(
        "", description="Where to send traces by OTLP over HTTP, such as http://127.0.0.1:4318; needs `openfrs[otel]`."
    )
    debug_signatures: bool = Field(
        False, description="Answer a wrong signature with the server's canonical request, for finding what differs."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # not read: one file is enough
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, then environment, then the TOML file, which must be there if it is named."""
        file = os.environ.get("OPENFRS_CONFIG")
        if not file:
            return init_settings, env_settings
        Path(file).read_bytes()
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))
