"""The demo set: photo cut-outs composed over photographs, with exact masks."""

CLASSES = (
    "bird",
    "hoofed",
    "predator",
    "smallmammal",
    "fish",
    "fruit",
    "vegetable",
    "flower",
    "vehicle",
    "instrument",
)
"""The ten classes, in order; class k has mask value k + 1."""
