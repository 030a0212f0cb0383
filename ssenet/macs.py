"""Multiply-accumulates of a forward pass, counted without computing one."""

from __future__ import annotations

import torch
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode


def multiply_accumulates(model: nn.Module, size: tuple[int, int]) -> int:
    """Multiply-accumulates of ``model`` for one image of ``size`` (H, W): convolutions and matrix products.

    Normalisation, activations and resampling are not counted, as is usual. Tensors without data go through the
    network, so that neither its weights nor an image is touched: it takes milliseconds at any size.

    Args:
        model: takes (B, 3, H, W); in evaluation mode.
        size: height and width in pixels.
    """
    state = {name: torch.empty_like(t, device="meta") for name, t in model.state_dict().items()}
    image = torch.empty((1, 3, *size), device="meta", dtype=torch.float32)
    # Not inference_mode: there the counter sees some products only as parts that it cannot count.
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        functional_call(model, state, (image,))
    return int(counter.get_total_flops()) // 2
