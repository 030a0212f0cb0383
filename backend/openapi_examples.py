"""Examples in the description of the API: requests that answer something on a fresh installation."""

from __future__ import annotations

from typing import Any

BISON = "fbd98f0014bb8d69b799f4cb5cda16ea"
"""Id of a sample photograph: the start of its pixels' sha256, so the same everywhere."""
Examples = dict[str, Any]
"""Value by what it shows."""

_IMAGE: Examples = {"A sample photograph": BISON}
_CHECKPOINT: Examples = {"SSENet of the demo": "demo-ssenet", "Its baseline": "demo-baseline"}
_SCALES: Examples = {"The paper's four test scales": [0.5, 1.0, 1.5, 2.0], "As it is": [1.0]}
_CLASSES: Examples = {"What the photograph shows": ["hoofed"], "Whatever the network predicts": []}
_ALPHA: Examples = {"As in the paper": 0.2}
_MAPS = {"checkpoint_id": _CHECKPOINT, "image": _IMAGE, "scales": _SCALES, "classes": _CLASSES, "alpha": _ALPHA}
_NORMALISATION: Examples = {"Eq. 3, each map by its own maximum": "eq3", "Raw activations": "none"}

EXAMPLES: dict[str, dict[str, Examples]] = {
    "get_cams": {**_MAPS, "normalisation": _NORMALISATION},
    "get_bundle": {**_MAPS, "normalisation": _NORMALISATION},
    "get_equivariance": {
        **_MAPS,
        "scale": {"Half the size": 0.5},
        "rotation": {"A quarter turn": 90.0, "Slightly": 15.0},
        "shift_x": {"A tenth of the width to the right": 0.1},
    },
    "list_evaluations": {"checkpoint": _CHECKPOINT, "dataset": {"The demo's data": "demo"}},
    "get_evaluation_curves": {"per_class": {"Also the IoU of every class": True}},
    "list_evaluation_images": {"row": {"All test scales together": "MS", "One scale": "0.5"}, "alpha": _ALPHA},
}
"""By operation and parameter."""

BODIES: dict[str, Examples] = {
    "make_bundles": {
        "Two networks on one photograph": {
            "images": [BISON],
            "checkpoints": ["demo-baseline", "demo-ssenet"],
            "scales": [0.5, 1.0, 1.5, 2.0],
            "classes": ["hoofed"],
        }
    }
}
"""Bodies by operation."""


def add_examples(schema: dict[str, Any]) -> None:
    """Write the examples into an OpenAPI document.

    Raises:
        KeyError: an operation or a parameter that it does not have.
    """
    operations = {op["operationId"]: op for item in schema["paths"].values() for op in item.values()}
    for name, parameters in EXAMPLES.items():
        known = {parameter["name"]: parameter for parameter in operations[name]["parameters"]}
        for parameter, values in parameters.items():
            known[parameter]["examples"] = _examples(values)
    for name, values in BODIES.items():
        operations[name]["requestBody"]["content"]["application/json"]["examples"] = _examples(values)


def _examples(values: Examples) -> dict[str, Any]:
    keys = ["".join(c if c.isalnum() else "_" for c in summary.lower()) for summary in values]
    return {key: {"summary": s, "value": v} for key, (s, v) in zip(keys, values.items(), strict=True)}
