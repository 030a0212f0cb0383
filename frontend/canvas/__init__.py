"""The CAM canvas: maps of many scales and checkpoints, drawn in the browser from raw coarse logits."""

from frontend.canvas.blob import Canvas, Layer, pack, unpack
from frontend.canvas.component import cam_canvas
from frontend.canvas.view import HIGHEST, CanvasView

__all__ = ["HIGHEST", "Canvas", "CanvasView", "Layer", "cam_canvas", "pack", "unpack"]
