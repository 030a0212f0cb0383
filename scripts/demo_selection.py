"""Which pictures of the two packages become the demo set, which the gallery, and the split.

The 57 animal photographs and 28 fish photographs of GCompris are never trained on:
no cut-out and no background comes from the activities they are in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

STAMPS: dict[str, tuple[str, ...]] = {
    "bird": ("animals/birds",),
    "hoofed": (
        "animals/mammals/bovines",
        "animals/mammals/camel",
        "animals/mammals/deer",
        "animals/mammals/equines",
        "animals/mammals:elephant,giraffe,hippopotamus,pig,pig_golden,pig_golden2,rhino_black,wildboar",
    ),
    "predator": (
        "animals/mammals/bears",
        "animals/mammals/cats",
        "animals/mammals/dogs",
        "animals/mammals:badger,ferret",
        "animals/mammals/aquatic:otter",
    ),
    "smallmammal": (
        "animals/mammals/rodents",
        "animals/mammals:rabbit_little",
        "animals/marsupials:koala,wombat",
    ),
    "fish": ("animals/fish:bluegroper,butterflyfish,clownfish,coraltrout,dolphinfish,moonwrasse,stripedfish,lionfish",),
    "fruit": ("food/fruit",),
    "vegetable": ("food/vegetables",),
    "flower": ("plants/flowers", "plants/flowers/plastic"),
    "vehicle": (
        "vehicles:garbagetruck",
        "vehicles/auto",
        "vehicles/construction",
        "vehicles/emergency:firetruck",
        "vehicles/masstransit",
        "vehicles/race",
        "vehicles/flight/planes",
        "military/vehicles",
    ),
    "instrument": (
        "hobbies/music/brass",
        "hobbies/music/percussion",
        "hobbies/music/string",
        "hobbies/music/wind",
    ),
}
"""Class → stamp folders, or ``folder:name,name`` for a few of a folder."""

LEFT_OUT = frozenset({"dumper_mirror", "bradley_mirror", "albino_peahen", "avocado"})
"""Mirrored twins, a bird that sits in its grass, a fruit that many would call a vegetable."""

SAME_SUBJECT: tuple[tuple[str, ...], ...] = (
    ("gnu-baby", "gnu-baby-stand", "gnu-sitting", "gnu-stand"),
    ("heron_greatblue", "heron_greatblue_flying"),
    ("pig_golden", "pig_golden2"),
    ("donkey", "donkey_eating"),
    ("f07", "f08", "f09"),
    ("discus2", "discus3"),
    ("flower10", "chemparathi"),
    ("orange", "mandarine", "sliced_orange", "sliced_lime"),
    ("garlic", "garlics"),
    ("pepper", "yellowpepper"),
    ("apple_green", "apple_red", "apple_granny_smith"),
    ("greatPyramid", "greatPyramidOfGiza", "bentPyramid", "redPyramid", "meidumPyramid"),
    ("kutubMinar", "qutubMinar"),
    ("greatWall", "greatWallofChina"),
    ("statueOfLiberty", "statueofLiberty"),
)
"""Pictures of one individual, one building or one series: they stay on one side of the split."""

SPRITES = "gcompris/src/activities/clickgame/resource/"
NOT_FISH = ("sea", "teeth", "manta", "shark")
SMALLEST_SIDE, LARGEST_SIDE = 45, 500

BACKGROUNDS = (
    ("explore_monuments", "gcompris/src/activities/explore_monuments/resource/"),
    ("categorization", "gcompris/src/activities/categorization/resource/images/renewable/"),
    ("categorization", "gcompris/src/activities/categorization/resource/images/monuments/"),
    ("clickgame", SPRITES + "sea"),
)
NOT_BACKGROUND = frozenset({"sea3", "solar1", "solar2", "solar3", "castleClinton"})
"""Objects that fill the frame, a picture without colour, and one with painted fish."""
DUPLICATE, ALIKE = 0.95, 0.84
"""Thumbnail correlation above which two backgrounds are one picture, or stay on one side."""
FREE_LICENCES = frozenset({"Public domain", "CC0-1.0"})

_ERASE = "gcompris/src/activities/erase/resource/"
_WORLD = "gcompris/src/activities/explore_world_animals/resource/animals/"
_FARM = "gcompris/src/activities/explore_farm_animals/resource/animals/"
_FISH = "gcompris/src/activities/categorization/resource/images/fishes/"
GALLERY: dict[str, tuple[str, str, str]] = {
    "kingfisher": (_ERASE + "kingfisher", "Kingfisher on a branch", "bird"),
    "macaw": (_WORLD + "scarlet_macaw", "Scarlet macaw", "bird"),
    "chickens": (_FARM + "chicken", "Chickens", "bird"),
    "cows": (_FARM + "cow", "Cows near and far", "hoofed"),
    "horses": (_FARM + "horse", "Band of horses", "hoofed"),
    "giraffes": (_WORLD + "giraffe", "Two giraffes before trees", "hoofed"),
    "bison": (_WORLD + "bison", "American bison", "hoofed"),
    "dog": (_FARM + "dog", "German shepherd", "predator"),
    "jaguars": (_WORLD + "jaguar", "Two jaguars on rocks", "predator"),
    "polar-bear": (_WORLD + "polar_bear", "Polar bear", "predator"),
    "koala": (_WORLD + "koala", "Koala in a tree", "smallmammal"),
    "pika": (_ERASE + "pika", "Pika", "smallmammal"),
    "angelfish": (_FISH + "fish1", "Angelfish", "fish"),
    "clownfish": (_FISH + "fish9", "Clownfish and anemone", "fish"),
}
"""Key → (path inside the package, title, demo classes that are visible)."""


@dataclass(frozen=True)
class Candidate:
    """A picture before the split. ``subject`` groups what must stay together."""

    name: str
    subject: str
    side: int


def subject_of(name: str) -> str:
    """The name of the series ``name`` belongs to, or itself."""
    return next((series[0] for series in SAME_SUBJECT if name in series), name)


def split_of(candidates: Sequence[Candidate]) -> dict[str, str]:
    """Name → "train" or "val", about 70 to 30, with small and large ones on both sides.

    Subjects are ordered by size and every third or fourth goes to val: no random draw,
    so the split stays when the script is run again.
    """
    sides: dict[str, int] = {}
    for c in candidates:
        sides[c.subject] = max(c.side, sides.get(c.subject, 0))
    ordered = sorted(sides, key=lambda s: (sides[s], s))
    val = {s for i, s in enumerate(ordered) if round((i + 1) * 0.3) > round(i * 0.3)}
    return {c.name: "val" if c.subject in val else "train" for c in candidates}


def _signature(image: Image.Image) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    small = np.asarray(image.convert("RGB").resize((16, 16), Image.Resampling.BOX), np.float32)
    centred = (small - small.mean((0, 1))).ravel()
    return centred / max(float(np.linalg.norm(centred)), 1e-6)


def near_duplicates(images: Mapping[str, Image.Image], threshold: float) -> list[tuple[str, str, float]]:
    """Pairs whose 16x16 thumbnails correlate above ``threshold``, mirrored or not."""
    names = list(images)
    upright = np.stack([_signature(images[n]) for n in names])
    mirrored = np.stack([_signature(images[n].transpose(Image.Transpose.FLIP_LEFT_RIGHT)) for n in names])
    alike = np.maximum(upright @ upright.T, upright @ mirrored.T)
    pairs = np.argwhere(np.triu(alike > threshold, 1))
    return [(names[i], names[j], float(alike[i, j])) for i, j in pairs]
