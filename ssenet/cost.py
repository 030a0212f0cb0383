"""What a map cost to compute. Free of torch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ViewCost(BaseModel):
    """What the raw logits of one view cost."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    gmac: float | None = Field(
        default=None, ge=0, description="10⁹ multiply-accumulates of the network for this view; null when not counted."
    )
    input_size: tuple[int, int] | None = Field(default=None, description="(H, W) that the network saw, in pixels.")
    device: str = Field(description="What computed it, such as cpu.")
    batch: int = Field(ge=1, description="Views of one scale that went through the network together.")
    network_ms: float = Field(
        ge=0, description="Scaling of the photograph and forward pass; that of the batch, shared evenly."
    )
    encoding_ms: float = Field(ge=0, description="Rounding to float16 and packing.")
