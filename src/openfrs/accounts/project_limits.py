"""How much a project may have and do: face sets, capacity, requests a second, requests at once."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from openfrs.core.settings import Settings


class ProjectLimits(BaseModel):
    """What a project may have and do; 0 stands for no limit in the rates and in ``concurrent``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_face_sets: Annotated[int, Field(ge=0)]
    max_face_set_capacity: Annotated[int, Field(ge=10_000, multiple_of=10_000)]
    rate: Annotated[float, Field(ge=0, le=100_000)]
    """Requests a second, of each operation by itself."""

    slow_rate: Annotated[float, Field(ge=0, le=100_000)]
    """The same for action liveness."""

    burst: Annotated[int, Field(ge=1, le=60)]
    """Seconds' worth of requests that may come at once."""

    concurrent: Annotated[int, Field(ge=0)]
    """Requests under way at the same time."""

    @classmethod
    def of(cls, settings: Settings) -> "ProjectLimits":
        """The limits of a project that has none of its own."""
        return cls.model_validate({name: getattr(settings, name) for name in cls.model_fields})

    def changed(self, overrides: Mapping[str, Any]) -> "ProjectLimits":
        """These limits with some replaced."""
        return ProjectLimits.model_validate({**self.model_dump(), **overrides})
