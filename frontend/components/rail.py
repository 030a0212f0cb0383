"""The stages of a pipeline in a row, each with its state; one is chosen by click or by arrow key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

_HTML = '<div class="rail" role="tablist" aria-label="Stages"></div>'

_CSS = """
.rail { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(92px, 1fr); gap: 0; overflow-x: auto;
  padding: 4px 2px 6px; font-family: var(--st-font); color: var(--st-text-color); }
button { position: relative; font: inherit; color: inherit; background: none; border: 0; cursor: pointer;
  padding: 7px 5px 9px; margin: 0; border-radius: 6px; text-align: center; display: flex; flex-direction: column;
  align-items: center; gap: 4px; min-width: 0; }
button:hover { background: rgba(128,128,128,.12); }
button[aria-selected=true] { background: rgba(46,123,174,.16); box-shadow: inset 0 -3px 0 var(--st-primary-color); }
button:focus-visible { outline: 3px solid var(--st-text-color); outline-offset: -3px; }
button:not(:first-child)::before { content: ""; position: absolute; top: 18px; right: calc(50% + 15px);
  width: calc(100% - 30px); height: 2px; background: rgba(128,128,128,.45); }
button.after-done:not(:first-child)::before { background: #2c8a50; }
.dot { width: 24px; height: 24px; border-radius: 50%; display: grid; place-items: center; font-size: 13px;
  font-weight: 600; line-height: 1; box-sizing: border-box; background: #e4e8ec; color: #2b3640; z-index: 1; }
.succeeded .dot { background: #1c6b3c; color: #fff; }
.failed .dot { background: #b3261e; color: #fff; }
.cancelled .dot { background: #fbe8c2; color: #5a3d00; }
.running .dot { background: #25699a; color: #fff; }
.running .dot::after { content: ""; position: absolute; width: 30px; height: 30px; border-radius: 50%;
  border: 2px solid rgba(47,127,181,.3); border-top-color: #2f7fb5; box-sizing: border-box; top: 4px;
  left: calc(50% - 15px);
  animation: turn 1.2s linear infinite; }
@media (prefers-reduced-motion: reduce) { .running .dot::after { animation: none; } }
@keyframes turn { to { transform: rotate(360deg); } }
.title { font-size: 13.5px; line-height: 1.25; min-height: 2.5em; display: grid; place-items: center; }
button[aria-selected=true] .title { font-weight: 600; }
.note { font-size: 12px; line-height: 1.3; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { width: 82%; height: 4px; border-radius: 2px; background: rgba(128,128,128,.28); overflow: hidden; }
.bar div { height: 100%; background: #2f7fb5; }
.bar.none { visibility: hidden; }
"""

_JS = """
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const rail = parentElement.querySelector('.rail');
  const pick = (id) => setTriggerValue('picked', id);
  const focused = [...rail.children].findIndex((b) => b === rail.getRootNode().activeElement);
  const marks = { succeeded: '\\u2713', failed: '!', cancelled: '\\u00d7' };
  const text = (tag, name, words) => {
    const part = document.createElement(tag);
    part.className = name;
    part.textContent = words;
    return part;
  };
  rail.replaceChildren(...data.items.map((item, index) => {
    const button = document.createElement('button');
    const chosen = item.id === data.current;
    button.type = 'button';
    button.className = item.state + (index && data.items[index - 1].state === 'succeeded' ? ' after-done' : '');
    button.setAttribute('role', 'tab');
    button.setAttribute('aria-selected', String(chosen));
    button.setAttribute('aria-label', `${item.title}: ${item.spoken}`);
    button.tabIndex = chosen ? 0 : -1;
    const bar = text('span', item.fraction === null ? 'bar none' : 'bar', '');
    const filled = document.createElement('div');
    filled.style.width = `${Math.round(100 * (item.fraction || 0))}%`;
    bar.append(filled);
    button.append(text('span', 'dot', marks[item.state] || String(index + 1)), text('span', 'title', item.title),
      text('span', 'note', item.note), bar);
    button.onclick = () => pick(item.id);
    return button;
  }));
  if (focused >= 0) rail.children[focused]?.focus();
  rail.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const buttons = [...rail.children];
    const from = buttons.indexOf(rail.getRootNode().activeElement);
    const to = (from + step + buttons.length) % buttons.length;
    buttons[to].focus();
    pick(data.items[to].id);
  };
}
"""

_mount = st.components.v2.component("ssenet_rail", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True)
class RailItem:
    """One stage: a note below its title, and the share that is done while it runs."""

    id: str
    title: str
    state: str
    note: str
    spoken: str
    fraction: float | None = None


def rail(items: Sequence[RailItem], current: str, on_pick: Callable[[str], None], key: str) -> None:
    """Show the stages; a click or an arrow key calls ``on_pick`` with the stage's id."""

    def picked() -> None:
        chosen = st.session_state[key].picked
        if chosen:
            on_pick(chosen)

    _mount(data={"items": [asdict(item) for item in items], "current": current}, key=key, on_picked_change=picked)
