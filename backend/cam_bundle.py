"""Exports of maps: the same bundle that pages and the command line make, and several of them in one zip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any
from zipfile import ZipFile

from backend import cam_answer
from backend.cam_plan import Coarse, Plan
from backend.problems import Problem, invalid, not_found
from backend.schemas.bundles import BundleQuery
from backend.service import Service
from backend.store.artifacts import image_key
from backend.store.models import Image
from backend.zip_stream import Chunks
from ssenet.bundle import MANIFEST, Bundle, cams_bundle, contents, entry_info, fetch_commands
from ssenet.cams import Cams, Rgb
from ssenet.data.images import ImageLimits, decode_image, working_image
from ssenet.weights.builtin import builtin

MOST_CLASSES = 100
"""Of one export: maps of all classes are made at the photograph's working size."""
_STORED = ImageLimits(size=2**31, pixels=2**31, side=2**16)  # they were within the limits when they came


def photograph(service: Service, plan: Plan) -> Rgb:
    """The photograph (H, W, 3) at its working size. Raises a 404 problem when its pixels are gone."""
    try:
        return working_image(decode_image(service.artifacts.read(image_key(plan.image_sha)), limits=_STORED))
    except FileNotFoundError:
        raise not_found("file of image", plan.image_id) from None


def cams_of(plan: Plan, coarse: Coarse, pixels: Rgb, source: str) -> Cams:
    """The maps as one result."""
    names = plan.card.classes
    return Cams(
        pixels,
        plan.image_sha,
        coarse,
        plan.card,
        tuple(names[k] for k in cam_answer.shown(plan, coarse)),
        plan.label_source,
        plan.query.relu_order,
        source,
    )


def bundle_of(
    service: Service, found: Sequence[tuple[Plan, Coarse]], query: BundleQuery, base_url: str, address: str
) -> Bundle:
    """The export of one photograph by the networks of ``found``.

    Args:
        found: plans of one photograph, and their raw logits.
        query: how maps are drawn.
        base_url: where the command lines fetch weights that do not come with the product.
        address: what was asked for.

    Raises:
        Problem: 404, the photograph's pixels are gone; 422, there are too many classes.
    """
    first = found[0][0]
    if any(len(cam_answer.shown(plan, coarse)) > MOST_CLASSES for plan, coarse in found):
        raise invalid("/query/labels", f"An export holds the maps of {MOST_CLASSES} classes at most: name them.")
    pixels, source, name = photograph(service, first), *_image(service, first.image_id)
    many = {plan.checkpoint_id: cams_of(plan, coarse, pixels, source) for plan, coarse in found}
    before = [line for plan, _ in found for line in _fetched(plan, base_url)]
    return cams_bundle(many, query.look, stem=stem(name, first.image_id), address=address, before=before)


def _image(service: Service, image_id: str) -> tuple[str, str]:
    with service.database.read() as session:
        image = session.get(Image, image_id)
    return ("unknown", "image") if image is None else (image.source, image.name)


def stem(name: str, image_id: str) -> str:
    """Name of a photograph's bundle: what it is called, as far as a file name may, and the start of its id."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name.rsplit(".", 1)[0])
    return f"{safe.strip('-._')[:60] or 'image'}-{image_id[:8]}"


def _fetched(plan: Plan, base_url: str) -> tuple[str, ...]:
    """Lines that fetch a network; none for those that come with the product."""
    own = builtin(plan.checkpoint_id)
    known = own is not None and own.card.content_sha == plan.card.content_sha
    return () if known else fetch_commands(base_url, plan.checkpoint_id)


def zip_name(bundle: Bundle, tag: str) -> str:
    """``<stem>-<hash>.zip``."""
    return f"{bundle.stem}-{tag[:8]}.zip"


def batch_zip(
    service: Service, photographs: Sequence[Sequence[Plan]], query: BundleQuery, base: str
) -> Iterator[bytes]:
    """One zip with a folder per photograph, made while it is sent; a manifest of all comes last.

    A photograph that was deleted, or whose maps were trimmed, since it was asked for is named in that manifest.
    """
    chunks = Chunks()
    done: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    with ZipFile(chunks, "w") as archive:
        for plans in photographs:
            try:
                bundle = bundle_of(service, [(p, p.load(service)) for p in plans], query, base, "")
            except FileNotFoundError:
                failed.append({"image": plans[0].image_id, "reason": "Its maps left the cache. Ask for it again."})
                continue
            except Problem as problem:
                failed.append({"image": plans[0].image_id, "reason": problem.detail})
                continue
            inside = contents(bundle)
            for name, data in inside:
                archive.writestr(entry_info(f"{bundle.stem}/{name}"), data)
                yield chunks.take()
            sha = hashlib.sha256(inside[-1][1]).hexdigest()
            done.append({"folder": bundle.stem, "image": plans[0].image_id, "manifest_sha256": sha})
        text = json.dumps({"format": 1, "bundles": done, "failed": failed}, indent=1) + "\n"
        archive.writestr(entry_info(MANIFEST), text.encode())
        yield chunks.take()
    yield chunks.take()  # the directory of the archive
