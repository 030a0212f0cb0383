"""Affinities of all pairs of cells, from their features."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ssenet.affinity.pairs import Offset, PairGrid


def pair_affinities(features: Tensor, grid: PairGrid) -> Tensor:
    """Affinities exp(-mean over channels of |f_i - f_j|) of all pairs.

    Args:
        features: (B, C, h, w).
        grid: of the same h and w.

    Returns:
        (B, m, h', w').
    """
    return torch.exp(-cast(Tensor, _PairDistances.apply(features, grid)))


class _PairDistances(torch.autograd.Function):
    """Mean absolute differences of the features of all pairs.

    Offsets are taken one after another, and their differences again for the gradient: all
    at once they would take B · 150 MB at (B, 448, 56, 56). Channels stand last, where a sum
    over them runs along memory.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, grid: PairGrid) -> Tensor:
        cells = features.movedim(1, -1).contiguous()
        ctx.save_for_backward(cells)
        ctx.grid = grid
        start, out = _at(cells, grid), features.new_empty((len(features), len(grid.offsets), *grid.inner))
        for index, offset in enumerate(grid.offsets):
            torch.mean(torch.sub(start, _at(cells, grid, offset)).abs_(), dim=-1, out=out[:, index])
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (cells,), grid = ctx.saved_tensors, ctx.grid
        out, weights = torch.zeros_like(cells), gradient[..., None] / cells.shape[-1]
        start = _at(cells, grid)
        for index, offset in enumerate(grid.offsets):
            towards = torch.sub(start, _at(cells, grid, offset)).sign_().mul_(weights[:, index])
            _at(out, grid).add_(towards)
            _at(out, grid, offset).sub_(towards)
        return out.movedim(-1, 1), None


def _at(cells: Tensor, grid: PairGrid, offset: Offset = (0, 0)) -> Tensor:
    """The partners at ``offset`` of all *from* cells, a view (B, h', w', C) of ``cells`` (B, h, w, C)."""
    return grid.at(cells.movedim(-1, 1), offset).movedim(1, -1)
