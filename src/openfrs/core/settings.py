"""The settings: one frozen object, read from the environment and an optional TOML file."""

import os
from pathlib import Path
from typing import Any, Final, Literal

import platformdirs
from pydantic import ByteSize, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from . import limits

PREFIX: Final = "OPENFRS_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"

LOCAL_COUNTERS: Final = "local"
MEMORY_COUNTERS: Final = "memory://"


def _cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(BaseSettings):
    """Settings of the service.

    Every field is an environment variable with the prefix ``OPENFRS_``, or a key of the TOML file that ``OPENFRS_CONFIG`` names.
    Command line options override the environment, and the environment overrides the file.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data: Path = Field(Path("data"), description="Data directory: database, keys, credentials of the first account.")
    database: SecretStr | None = Field(
        None,
        description="Database that nodes share: `postgresql://user:password@host/name`. Default: SQLite in the data directory.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 for any free port.")
    keep_alive: int = Field(
        75,
        ge=1,
        le=3600,
        description="Seconds that a connection stays open between requests; more than a reverse proxy keeps it, 60 in nginx.",
    )
    tls_certificate: Path | None = Field(
        None, description="File with the certificate chain for HTTPS, in PEM; the server's certificate is first."
    )
    tls_key: Path | None = Field(
        None, description="File with the certificate's private key, in PEM; it must not be readable by others."
    )
    models: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("openfrs") / "models",
        description="Directory of the model weights.",
    )
    embedder: Literal["sface", "fr_feature", "fused"] = Field(
        "sface", description="Model that computes templates: `sface`, `fr_feature`, or `fused` for both together."
    )
    embedder_manifest: Path | None = Field(
        None, description="Manifest (TOML) of a custom embedder, which replaces `OPENFRS_EMBEDDER`."
    )
    provider: Literal["auto", "openvino", "onnxruntime"] = Field(
        "auto",
        description="Inference runtime: `openvino`, `onnxruntime` (needs `openfrs[onnxruntime]`), or `auto`: the fastest one that "
        "`openfrs models tune` measured, else OpenVINO.",
    )
    precision: Literal["auto", "f32"] = Field(
        "auto",
        description="Precision of detector and embedder: `auto` (int8 or bf16 if the processor supports it) or `f32` "
        "(single precision).",
    )
    device: str = Field(
        "CPU",
        description="Device for detector and embedder: `CPU`, another OpenVINO device such as `GPU`, or an ONNX Runtime execution "
        "provider such as `CUDAExecutionProvider`.",
    )
    unattributed_weights: bool = Field(
        True, description="Use model weights without a stated origin: liveness, fr_feature."
    )
    bootstrap: bool = Field(True, description="Create a first account if there is none.")
    project: str = Field(
        "local", min_length=1, max_length=limits.MAX_NAME_LENGTH, description="Name of the first account's project."
    )
    workers: int = Field(1, ge=1, le=256, description="Number of server processes.")
    threads: int = Field(
        default_factory=lambda values: max(1, _cores() // values.get("workers", 1)),
        ge=1,
        le=256,
        description="Number of vision processes of each server process: images that it works on in parallel, one processor core "
        "each. Commands use as many threads.",
    )
    queue: int = Field(
        64,
        ge=0,
        description="Images that may wait for a vision process in each server process; further ones get status 429.",
    )
    large_queue: int = Field(
        16,
        ge=0,
        description="The same for images of more than 4 megapixels and for videos, which have a queue of their own.",
    )
    image_seconds: float = Field(
        60,
        gt=0,
        description="Seconds of work on the images of a request, without pauses; then it gets status 503.",
    )
    video_seconds: float = Field(180, gt=0, description="The same for a video.")
    vision_memory: ByteSize = Field(
        ByteSize(2 * 1024**3),
        description="Memory of a vision process; the request that exceeds it gets status 503. Enforced on Linux.",
    )
    described_faces: int = Field(
        100,
        ge=0,
        description="Faces of an image for which requested attributes are measured, largest first; the others have none.",
    )
    connections: int = Field(
        4096,
        ge=1,
        description="Open connections of each process, fewer if its limit of open files is lower; a further one closes the oldest "
        "idle one.",
    )
    requests: int = Field(
        256, ge=1, description="Concurrent requests in each process; further ones get status 429 at once."
    )
    body_memory: ByteSize = Field(
        ByteSize(256 * 1024**2),
        description="Memory for the bodies of concurrent requests in each process; requests beyond it get status 429.",
    )
    address_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Part of that memory for the requests of one address; 1 for no limit, as behind a proxy that is not trusted.",
    )
    token_hours: float = Field(
        limits.DEFAULT_TOKEN_HOURS, gt=0, le=24 * 30, description="Lifetime of a token, in hours."
    )
    password_length: int = Field(
        12, ge=8, le=64, description="Minimum number of characters of a password that a user chooses."
    )
    operator_domain: str = Field(
        "openfrs",
        description="Domain whose admins can change the limits of their projects over HTTP, because it belongs to the operator; "
        "empty for none.",
    )
    max_face_sets: int = Field(
        limits.FACE_SETS_PER_PROJECT, ge=1, description="Maximum number of face sets in a project."
    )
    max_face_set_capacity: int = Field(
        limits.FACE_SET_CAPACITY,
        ge=limits.FACE_SET_CAPACITY_STEP,
        multiple_of=limits.FACE_SET_CAPACITY_STEP,
        description="Maximum capacity of a face set.",
    )
    rate: float = Field(
        10, ge=0, le=100_000, description="Requests per second and operation for each project; 0 for no limit."
    )
    slow_rate: float = Field(1, ge=0, le=100_000, description="The same for action liveness detection.")
    liveness_session_seconds: int = Field(
        120,
        ge=10,
        le=3600,
        description="Seconds that a liveness session waits for its video, and then keeps its result.",
    )
    retention_minutes: int = Field(
        60, ge=0, le=60 * 24 * 7, description="Interval, in minutes, between retention runs; 0 for none."
    )
    audit_days: int = Field(
        365,
        ge=0,
        le=36_500,
        description="Days that entries of the audit log are kept, within its size; 0 for no limit by age.",
    )
    audit_searches: bool = Field(True, description="Record each search in the audit log.")
    burst: int = Field(2, ge=1, le=60, description="Burst size: the rate limit times this number of seconds.")
    concurrent: int = Field(32, ge=0, description="Concurrent requests for each project; 0 for no limit.")
    counters: str = Field(
        LOCAL_COUNTERS,
        description="Store of the counters of failed logins, used signatures and rates: `local` (a file of the data directory, "
        "which the processes of a node share; the rates of a single process in memory), `redis://host:port` for several nodes, or "
        "`memory://` of each process, which forgets them when it ends.",
    )
    trusted_proxies: str = Field(
        "", description="Addresses of trusted reverse proxies, whose `X-Forwarded-For` is used, comma-separated."
    )
    url_hosts: str = Field(
        "",
        description="Hosts allowed in `image_url` and similar parameters, comma-separated: `name`, `name:port`, `*.name` for its "
        "subdomains, `*` for all.",
    )
    url_networks: str = Field(
        "",
        description="Private networks in which those hosts may be, comma-separated, such as 10.1.0.0/16.",
    )
    obs_endpoint: str = Field(
        "",
        description="URL of the S3-compatible store with the objects that OBS URLs name, such as https://s3.example.",
    )
    obs_region: str = Field("us-east-1", description="Region of that store.")
    obs_access_key: str = Field("", description="Access key for that store.")
    obs_secret_key: SecretStr | None = Field(None, description="Secret key for that store.")
    obs_buckets: str = Field(
        "",
        description="Buckets allowed in OBS URLs, comma-separated: `bucket` for every project, `bucket=PROJECT_ID` for one. "
        "Default: all that the key can read.",
    )
    index_memory: ByteSize = Field(
        ByteSize(2 * 1024**3),
        description="Memory for the indexes of face sets, such as 500MB or 2GiB; the least recently used are evicted.",
    )
    index: Literal["memory", "milvus"] = Field(
        "memory", description="Index that is searched: in `memory`, or on a `milvus` server."
    )
    milvus: SecretStr | None = Field(
        None,
        description="URL of the Milvus server, `http://user:password@host:19530/database`; needs `openfrs[milvus]`.",
    )
    master_key_file: Path | None = Field(
        None, description="File with the master key that encrypts templates in the database: 32 random bytes in base64."
    )
    master_key: SecretStr | None = Field(None, description="The master key itself, in place of a file.")
    metrics: str = Field(
        "",
        description="Address and port of the metrics endpoint for Prometheus, such as 127.0.0.1:9464; not the port of the API.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="Bearer token for the metrics endpoint; required if its address is not loopback.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Format of the log: `text`, or `json` with one object per line."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe lines of the log: `debug`, `info`, `warning` or `error`; requests are `info`."
    )
    log_probes: bool = Field(
        True,
        description="Log requests of `/health`, `/ready` and `/metrics` as any other; if false, only those that fail with 5xx.",
    )
    otlp_endpoint: str = Field(
        "", description="Endpoint for traces by OTLP over HTTP, such as http://127.0.0.1:4318; needs `openfrs[otel]`."
    )
    oidc_issuer: str = Field(
        "",
        description="OpenID Connect provider for the console, such as https://login.example.com; needs `openfrs[oidc]`.",
    )
    oidc_client_id: str = Field("", description="Client id at that provider.")
    oidc_client_secret_file: Path | None = Field(None, description="File with the client secret at that provider.")
    oidc_scope: str = Field("openid profile email", description="Scopes that are requested of that provider.")
    oidc_groups_claim: str = Field("groups", description="Claim of the ID token that lists a person's groups.")
    oidc_roles: str = Field(
        "",
        description="Roles of its groups, such as `staff=reader:local` (group, role, project), separated by commas; "
        "others are refused.",
    )
    oidc_domain: str = Field("openfrs", description="Domain of the users who sign in with that provider.")
    oidc_email_domains: str = Field(
        "",
        description="Mail domains whose verified addresses may sign in, separated by commas; by default anybody.",
    )
    strict_replays: bool = Field(
        False,
        description="Reject every signed write that was received before. By default, an equal request within two seconds is "
        "executed: SDKs date signatures in whole seconds.",
    )
    debug_signatures: bool = Field(
        False, description="Return the server's canonical request with a signature error, for debugging clients."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _reject_empty(cls, value: Any, info: ValidationInfo) -> Any:
        """Reject an empty text, unless it is the default: an empty host would be every address, an empty path this directory."""
        default = cls.model_fields[info.field_name or ""].default
        if isinstance(value, str) and not value.strip() and default != "":
            raise ValueError("is empty; set a value, or leave it out for the default")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # unused: one file is enough
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the command line, then the environment, then the TOML file, which must exist if it is named."""
        file = os.environ.get(CONFIG_VARIABLE)
        if not file:
            return init_settings, env_settings
        Path(file).read_bytes()
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))
