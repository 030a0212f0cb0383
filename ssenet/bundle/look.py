"""How maps are drawn in an export. Free of torch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ssenet.config import PAPER_ALPHA
from ssenet.render import Normalisation, colormaps


class Look(BaseModel):
    """Nothing here needs the network."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    alpha: float = Field(default=PAPER_ALPHA, ge=0, le=1)
    opacity: float = Field(default=0.6, ge=0, le=1)
    colours: str = "inferno"
    normalisation: Normalisation = "eq3"

    @field_validator("colours")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in colormaps():
            raise ValueError(f"there is no colour map {name!r}; choose one of {', '.join(colormaps())}")
        return name
