"""What the α lab exports: figures, tables, JSON, and the line that makes them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frontend import schemas as s
from frontend.client import Client
from frontend.components.alpha_data import Lab
from frontend.components.export import bundle_button, view_address
from frontend.session import client
from ssenet.analysis.alpha import AlphaCurves
from ssenet.analysis.alpha_report import View, alpha_files
from ssenet.bundle import Bundle, command

OUT = "again"


@dataclass(frozen=True)
class Exported:
    """All that a bundle is made of, without a page behind it."""

    lab: Lab
    classes: AlphaCurves | None
    view: View
    address: str
    service: Client

    def bundle(self) -> Bundle:
        """Files of the view, and the evaluations themselves where the library does not bring them."""
        names = list(self.lab.evaluations)
        classes = None if self.classes is None else _by_name(self.classes, self.lab.names)
        files = alpha_files(_by_name(self.lab.curves, self.lab.names), classes, names, self.view)
        sources = [self._source(i, one, files) for i, one in enumerate(self.lab.evaluations.values(), 1)]
        named = [word for name in names for word in ("--name", name)]
        line = command("ssenet", "figures", *sources, *named, *options(self.view), "--out", OUT)
        cards = {name: card.model_dump(mode="json") for name, card in self.lab.cards()}
        return Bundle(
            "alpha-lab", files, (line,), self.address, cards, f"{OUT}/alpha.json then equals alpha.json here."
        )

    def _source(self, number: int, one: s.Evaluation, files: dict[str, bytes]) -> str:
        """What the command line calls an evaluation; one that it cannot know is put into the bundle as a folder."""
        if one.id == f"{one.checkpoint_id}-0" and one.job_id is None:
            return one.checkpoint_id
        folder = f"evaluation-{number}"
        files[f"{folder}/evaluation.json"] = one.record.model_dump_json(indent=1).encode()
        files[f"{folder}/histograms.npz"] = self.service.histograms(one.id)
        return folder


def _by_name(curves: AlphaCurves, names: Mapping[str, str]) -> AlphaCurves:
    rows = [row.model_copy(update={"evaluation": names[row.evaluation]}) for row in curves.rows]
    return curves.model_copy(update={"rows": rows})


def options(view: View) -> list[str]:
    """Everything that was chosen, as options of ``ssenet figures``."""
    chosen = ["--alpha", f"{view.alpha!r}", *_each("--row", view.rows)]
    chosen += ["--class", view.label] if view.label is not None else []
    chosen += ["--bands", view.bands, "--at", view.at, *(["--bounded"] if view.bounded else [])]
    chosen += [*_each("--curve", view.classes), "--curve-row", view.class_row]
    return [*chosen, "--samples", f"{view.draws.samples}", "--seed", f"{view.draws.seed}"]


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def export(lab: Lab, classes: AlphaCurves | None, view: View) -> None:
    """The button."""
    exported = Exported(lab, classes, view, view_address(), client())
    bundle_button(exported.bundle, key="export", label="Export", stem="alpha-lab")
