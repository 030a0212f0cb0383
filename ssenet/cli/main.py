"""The command tree."""

from __future__ import annotations

import typer

from ssenet.cli import (
    affinity,
    aggregate,
    cam,
    compare,
    crf_steps,
    data,
    equivariance,
    evaluate,
    figures,
    pipeline,
    refine,
    segmentation,
    tables,
    train,
    triage,
)

app = typer.Typer(
    name="ssenet",
    help="Class activation maps across scales: train, infer, evaluate (SSENet and its baseline).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.command("train")(train.train)
app.command("cam")(cam.cam)
app.command("equivariance")(equivariance.equivariance)
app.command("crf-steps")(crf_steps.crf_steps)
app.command("eval")(evaluate.evaluate)
app.command("aggregate")(aggregate.aggregate)
app.command("compare")(compare.compare_evaluations)
app.command("figures")(figures.figures)
app.command("triage")(triage.triage)
affinity.add(app)
refine.add(app)
segmentation.add(app)
app.command("pipeline")(pipeline.pipeline)
app.command("tables")(tables.tables)
