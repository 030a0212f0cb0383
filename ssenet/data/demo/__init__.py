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

CLEAR = (29, 40, 23, 1, 90, 35, 68)
"""Images of ``val`` that show one object in one piece, from 3 to 51 % of the picture: the ones to look at first."""
