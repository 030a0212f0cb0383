"""The protocol card: how a number came about, under every figure, and what ground truth had its hand in."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from frontend import schemas as s
from frontend.components.chooser import labelled
from frontend.components.markup import badge, definitions
from ssenet.protocol import NetworkUse, ViewProtocol, leaks
from ssenet.results import CheckpointCard, ProtocolCard

LABELS = {
    "given": "given (ground truth)",
    "predicted": "predicted by the network",
    "all": "all classes",
    "none": "none used",
}
NORMALISATIONS = {
    "eq3": "Eq. 3",
    "official": "by the maximum, as released",
    "shared": "one maximum for all maps",
    "minmax": "minimum to maximum",
    "none": "none",
    None: "none",
}


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
        *([("Selection", card.selection)] if card.selection else []),
        ("Scales", scales(card.scales)),
        ("Multi-scale", scales(card.multi_scale)),
        ("Flip", "yes" if card.flip else "no"),
        ("ReLU order", card.relu_order or "none"),
        ("Aggregation", card.aggregation or "sum over views"),
        ("Normalisation", NORMALISATIONS[card.normalisation]),
        ("CRF", card.crf or "none"),
        ("Absent classes", "count as 0" if card.absent_classes == "zero" else "left out"),
        ("Weights", card.weights_sha256[:12]),
        ("Data hash", card.dataset_fingerprint[:12]),
        ("Code", card.code_version),
    ]


def protocol_html(cards: Sequence[tuple[str, ProtocolCard]], of: str, networks: Sequence[CheckpointCard] = ()) -> str:
    """One card for several checkpoints: what they share once, what differs for each.

    Args:
        cards: (checkpoint name, its protocol); at least one.
        of: the figure it belongs to.
        networks: the checkpoints themselves, where the page has them: one of an earlier epoch whose card has
            scores on the same split may have been chosen by them, and that is said.
    """
    columns = [dict(protocol_items(card)) for _, card in cards]
    items: list[tuple[str, str]] = []
    for key in columns[0]:
        values = list(dict.fromkeys(column[key] for column in columns))
        if len(values) == 1:
            items.append((key, values[0]))
        else:
            items += [(f"{key}, {name}", column[key]) for (name, _), column in zip(cards, columns, strict=True)]
    found = dict.fromkeys(text for _, card in cards for text in leaks(card, _its_own(networks, card)))
    return _card(of, _leak_badge("uses the ground truth of the scored images", list(found)), items)


def _its_own(networks: Sequence[CheckpointCard], card: ProtocolCard) -> list[CheckpointCard]:
    return [network for network in networks if network.weights_sha256 == card.weights_sha256]


def view_protocol(photograph: s.Image, checkpoints: Sequence[s.Checkpoint], **how: object) -> ViewProtocol:
    """The protocol of what a page shows of one photograph.

    Args:
        photograph: as the service describes it.
        checkpoints: networks in the order of the page.
        how: the other fields of ``ViewProtocol``; ``scales``, ``flip`` and ``label_source`` at least.

    Raises:
        ValidationError: a field is missing, unknown, or of another kind.
    """
    networks = [NetworkUse.of(one.card, label) for label, one in labelled(checkpoints).items()]
    given = {"photograph": photograph.sha or photograph.id, "source": photograph.source, "networks": networks}
    return ViewProtocol.model_validate({**given, **how})


def view_items(protocol: ViewProtocol) -> list[tuple[str, str]]:
    """Everything one must know to repeat what is shown of one photograph."""
    weights = [(f"Weights, {one.name}", f"{one.weights_sha256[:12]} ({one.method})") for one in protocol.networks]
    return [
        ("Photograph", protocol.photograph[:12]),
        ("Source", protocol.source),
        *weights,
        *([("Transformation", protocol.transformation)] if protocol.transformation else []),
        ("Scales", scales(protocol.scales)),
        ("Flip", "yes" if protocol.flip else "no"),
        ("Long side at scale 1", f"at most {protocol.working_side} px"),
        ("ReLU order", protocol.relu_order),
        ("Normalisation", NORMALISATIONS[protocol.normalisation]),
        ("Labels", LABELS[protocol.label_source]),
        ("Classes", ", ".join(protocol.classes_shown) or "–"),
        ("α", protocol.alpha_rule()),
        ("CRF", protocol.crf or "none"),
        ("Code", f"{protocol.code_version}, CAM version {protocol.cam_version}"),
    ]


def view_protocol_html(protocol: ViewProtocol, of: str) -> str:
    """The card under numbers about one photograph.

    Its badge is red when ground truth chose or gave anything, and says what; blue when ground truth only measures;
    green when there is none in it.

    Args:
        protocol: of the view.
        of: what the numbers are, for instance ``the coverage``.
    """
    flags = _leak_badge("uses ground truth", protocol.leaks) if protocol.leaks or not protocol.measured else ""
    if protocol.measured:
        flags += (
            badge("measured against ground truth", "blue") + f" <span>{escape(', '.join(protocol.measured))}</span>"
        )
    return _card(of, flags, view_items(protocol))


def _leak_badge(warning: str, found: Sequence[str]) -> str:
    if not found:
        return badge("no ground truth used", "green")
    return f"{badge(warning, 'red')} <span>{escape('; '.join(found))}</span> "


def _card(of: str, flags: str, items: Sequence[tuple[str, str]]) -> str:
    head = f'<section class="sl-card" aria-label="Protocol of {escape(of)}"><b>Protocol</b> {flags}'
    return f"{head}{definitions(items)}</section>"
