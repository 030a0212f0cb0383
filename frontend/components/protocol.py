"""The protocol card: how a number came about, under every figure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from frontend.components.markup import badge, definitions
from ssenet.results import ProtocolCard

LABELS = {
    "given": "given (ground truth)",
    "predicted": "predicted by the network",
    "all": "all classes",
    "none": "none used",
}
NORMALISATIONS = {"eq3": "Eq. 3", None: "none"}


def scales(values: Sequence[float]) -> str:
    """Scales as a short list."""
    return ", ".join(f"{value:g}" for value in values) or "–"


def protocol_items(card: ProtocolCard) -> list[tuple[str, str]]:
    """Everything one must know to repeat the number."""
    return [
        ("Data set", card.dataset),
        ("Split", card.split),
        ("Images", str(card.images)),
        ("Labels", LABELS.get(card.label_source, card.label_source)),
        ("α", card.alpha_rule),
        ("Scales", scales(card.scales)),
        ("Multi-scale", scales(card.multi_scale)),
        ("Flip", "yes" if card.flip else "no"),
        ("ReLU order", card.relu_order or "none"),
        *([("Aggregation", card.aggregation)] if card.aggregation else []),
        ("Normalisation", NORMALISATIONS.get(card.normalisation) or str(card.normalisation)),
        ("CRF", card.crf or "none"),
        ("Absent classes", "count as 0" if card.absent_classes == "zero" else "left out"),
        ("Weights", card.weights_sha256[:12]),
        ("Data hash", card.dataset_fingerprint[:12]),
        ("Code", card.code_version),
    ]


def protocol_html(cards: Sequence[tuple[str, ProtocolCard]], of: str) -> str:
    """One card for several checkpoints: what they share once, what differs for each.

    Args:
        cards: (checkpoint name, its protocol); at least one.
        of: the figure it belongs to.
    """
    columns = [dict(protocol_items(card)) for _, card in cards]
    items: list[tuple[str, str]] = []
    for key in columns[0]:
        values = list(dict.fromkeys(column[key] for column in columns))
        if len(values) == 1:
            items.append((key, values[0]))
        else:
            items += [(f"{key}, {name}", column[key]) for (name, _), column in zip(cards, columns, strict=True)]
    leak = any(card.uses_ground_truth for _, card in cards)
    flag = (
        badge("uses the ground truth of the scored images", "red") if leak else badge("no ground truth used", "green")
    )
    head = f'<section class="sl-card" aria-label="Protocol of {escape(of)}"><b>Protocol</b> {flag}'
    return f"{head}{definitions(items)}</section>"
