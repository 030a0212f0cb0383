"""How maps are drawn in an export. Free of torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ssenet.config import PAPER_ALPHA
from ssenet.render import Normalisation, colormaps


def known_colours(name: str) -> str:
    """``name`` when it is one of a colour map. Raises ValueError."""
    if name not in colormaps():
        raise ValueError(f"there is no colour map {name!r}; choose one of {', '.join(colormaps())}")
    return name


class Look(BaseModel):
    """Nothing here needs the network."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    alpha: float = Field(default=PAPER_ALPHA, ge=0, le=1)
    opacity: float = Field(default=0.6, ge=0, le=1)
    colours: Annotated[str, AfterValidator(known_colours)] = "inferno"
    normalisation: Normalisation = "eq3"
