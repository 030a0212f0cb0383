"""One pipeline: its stages in a row, live, the figures it is about, and the chosen stage below."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import streamlit as st

from frontend import schemas as s
from frontend.components import markup, words
from frontend.components.headline import headline, headline_view
from frontend.components.job_view import progress_text
from frontend.components.lineage import settings_and_lineage
from frontend.components.outcome import lineage_of, outcome
from frontend.components.permit import permit
from frontend.components.rail import RailItem, rail
from frontend.components.stage_form import stage_form
from frontend.components.stages import STAGE_TEXTS, title
from frontend.components.training import TRAININGS, curves, events_of
from frontend.session import client, in_words, page_guard

REFRESH_SECONDS = 2
States = tuple[tuple[str, str], ...]


def pipeline_view(pipeline: s.Pipeline) -> None:
    """Draw the pipeline; what changes while it runs is drawn again every two seconds."""
    stage = chosen_stage(pipeline)
    _head(pipeline)
    headline_view(headline(pipeline), scored=pipeline.stage("evaluate") is not None)
    live = REFRESH_SECONDS if not pipeline.terminal else None
    st.fragment(run_every=live)(_rail)(pipeline.id, stage.name, states(pipeline))
    working = live if stage.state in ("queued", "running") else None
    with st.container(border=True, key="stage_panel"):
        st.fragment(run_every=working)(_panel)(pipeline.id, stage.name)


def states(pipeline: s.Pipeline) -> States:
    """What must stay equal for the page to stay as it is."""
    return tuple((stage.name, stage.state) for stage in pipeline.stages)


def chosen_stage(pipeline: s.Pipeline) -> s.PipelineStage:
    """The stage that the address names; else what one wants to see: the failed, the running, or the last one."""
    asked = pipeline.stage(st.query_params.get("stage"))
    if asked:
        return asked
    finished = [stage for stage in pipeline.stages if stage.state == "succeeded"]
    return first(pipeline, "failed", "running", "queued", "cancelled") or (finished or pipeline.stages)[-1]


def first(pipeline: s.Pipeline, *states: str) -> s.PipelineStage | None:
    """The first stage in the first of these states that any is in."""
    return next((stage for state in states for stage in pipeline.stages if stage.state == state), None)


# Head ------------------------------------------------------------------------------------------------
def _head(pipeline: s.Pipeline) -> None:
    name, buttons = st.columns(2, vertical_alignment="bottom")
    name.title(pipeline.title, anchor=False)
    with buttons, st.container(horizontal=True, horizontal_alignment="right"):
        _actions(pipeline)
        to_all()
    state = "stopping" if stopping(pipeline) else pipeline.state
    facts = [f"pipeline on {pipeline.dataset}", origin(pipeline), f"submitted {words.moment(pipeline.created_at)}"]
    facts.append(f"{'took' if pipeline.terminal else 'running for'} {words.duration(seconds(pipeline))}")
    st.html(markup.badge(state, words.STATE_COLOURS.get(state, "grey")) + f" {escape(' · '.join(facts))}")
    for stage in pipeline.stages:
        if stage.state == "failed" and stage.job and stage.job.error:
            st.error(f"{title(stage.name)} failed. {stage.job.error.message}", icon=":material/error:")


def origin(pipeline: s.Pipeline) -> str:
    """Where its CAM network comes from."""
    if pipeline.settings.get("checkpoint"):
        return f"from {pipeline.settings['checkpoint']}"
    return f"trains its CAM network ({(pipeline.settings.get('train') or {}).get('method', 'unknown')})"


def to_all() -> None:
    """Back to the form and the list."""
    if st.button("All pipelines", icon=":material/arrow_back:", key="all_pipelines"):
        show(None)


def show(pipeline_id: str | None) -> None:
    """Make a pipeline the page's only address, or with None the form and the list."""
    # Settings of the form are bound to the address and leave it with their widgets: they must not be taken out here.
    for name in ("pipeline", "stage", "image", "class", "preset"):
        st.query_params.pop(name, None)
    if pipeline_id:
        st.query_params["pipeline"] = pipeline_id
    st.rerun()


def stopping(pipeline: s.Pipeline) -> bool:
    """Whether it was asked to stop and has not stopped yet."""
    jobs = [stage.job for stage in pipeline.stages if stage.job]
    return not pipeline.terminal and any(job.cancel_requested and not job.terminal for job in jobs)


def seconds(pipeline: s.Pipeline) -> float:
    """From submission to its end, or until now."""
    end = pipeline.finished_at or datetime.now(UTC)
    aware = [moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (end, pipeline.created_at)]
    return max(0.0, (aware[0] - aware[1]).total_seconds())


def _actions(pipeline: s.Pipeline) -> None:
    if not pipeline.terminal:
        _cancel(pipeline)
        return
    if pipeline.state != "succeeded":
        _resume(pipeline)
    with st.popover("Remove", icon=":material/delete:", **permit("run")):
        st.write("Take this pipeline off the list? Its results stay, and its jobs stay on the Jobs page.")
        if st.button("Yes, remove it", type="primary", key="forget_pipeline"):
            with in_words("The pipeline could not be removed."):
                client().forget_pipeline(pipeline.id)
                show(None)


def _cancel(pipeline: s.Pipeline) -> None:
    with st.popover("Cancel", icon=":material/stop_circle:", **permit("run", disabled=stopping(pipeline))):
        st.write("Stop this pipeline? What is finished stays, and it can go on from there.")
        if st.button("Yes, cancel the pipeline", type="primary", key="cancel_pipeline"):
            with in_words("The pipeline could not be cancelled."):
                client().cancel_pipeline(pipeline.id)
                st.rerun()


def _resume(pipeline: s.Pipeline) -> None:
    stopped = first(pipeline, "failed", "cancelled", "waiting")
    where = f" at {title(stopped.name)}" if stopped else ""
    if st.button(f"Resume{where}", icon=":material/resume:", type="primary", key="resume_pipeline", **permit("run")):
        with in_words("The pipeline could not be resumed."):
            client().resume_pipeline(pipeline.id)
            st.query_params.pop("stage", None)
            st.rerun()


# Rail ------------------------------------------------------------------------------------------------
def _rail(pipeline_id: str, current: str, drawn: States) -> None:
    with page_guard("rail"):
        pipeline = client().pipeline(pipeline_id)
        rail([rail_item(stage) for stage in pipeline.stages], current, _pick, key="rail")
        if states(pipeline) != drawn or st.session_state.pop("rail_picked", False):
            st.rerun()


def _pick(stage: str) -> None:
    st.query_params["stage"] = stage
    st.query_params.pop("image", None)
    st.session_state["rail_picked"] = True


def rail_item(stage: s.PipelineStage) -> RailItem:
    """A stage as the rail shows it."""
    job = stage.job
    fraction, note = None, {"waiting": "", "succeeded": "done"}.get(stage.state, stage.state)
    if stage.state == "running" and job:
        fraction = job.progress.fraction if job.progress else 0.0
        note = f"{round(100 * fraction)} %" if job.progress else "starting"
        if job.eta_seconds is not None:
            note += f" · {words.duration(round(job.eta_seconds))} left"
    elif stage.state == "succeeded":
        note = "reused" if stage.reused else words.duration(job.seconds() if job else None)
    return RailItem(stage.name, title(stage.name), stage.state, note, f"{stage.state} {note}".strip(), fraction)


# The chosen stage ------------------------------------------------------------------------------------
def _panel(pipeline_id: str, name: str) -> None:
    with page_guard("stage"):
        stage = client().pipeline(pipeline_id).stage(name)
        if stage is None:
            return
        # A place for each part, empty or not: what follows keeps its position and is not drawn anew.
        head, body, details, alone = (st.container() for _ in range(4))
        with head:
            _stage_head(stage)
        if stage.job is None:
            return
        made = stage.result or s.StageResult()
        with body:
            if stage.name in TRAININGS:
                curves(stage.job, events_of(stage.job.id))
            if stage.state == "succeeded":
                outcome(stage.job, made)
        with details:
            settings_and_lineage(stage.job.settings, lineage_of(made) if stage.state == "succeeded" else ())
        if stage.job.terminal:
            with alone, st.expander("Run this stage alone with other settings"):
                stage_form(stage.name, stage.job.settings, f"alone.{stage.job.id}")


def _stage_head(stage: s.PipelineStage) -> None:
    st.subheader(STAGE_TEXTS[stage.name].title, anchor=False)
    facts = [STAGE_TEXTS[stage.name].sentence]
    if stage.reused:
        done = stage.state == "succeeded"
        facts.append("Reused: it was run before." if done else "Shared: another run asked for exactly the same.")
    st.html(markup.badge(stage.state, words.STATE_COLOURS.get(stage.state, "grey")) + f" {escape(' '.join(facts))}")
    job = stage.job
    if job is None:
        st.caption("It starts when the stages before it are finished.")
    elif not job.terminal:
        st.progress(job.progress.fraction if job.progress else 0.0, text=progress_text(job))
