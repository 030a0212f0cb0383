// Pointer, wheel and keys on the tiles: zoom, pan, divider, values and the pinned point.

const MOST_ZOOM = 32;
const CLICK_SLACK = 4; // CSS pixels a click may move
const DIVIDER_REACH = 10;

// Zoom by a factor and keep the point at (fx, fy) of the photograph where it is.
function zoomAbout(view, factor, fx, fy) {
  const zoom = clamp(view.zoom * factor, 1, MOST_ZOOM);
  const before = windowOf(view);
  const share = { x: (fx - before.left) / before.span, y: (fy - before.top) / before.span };
  const x = fx + (0.5 - share.x) / zoom;
  const y = fy + (0.5 - share.y) / zoom;
  return centred({ zoom, x, y });
}

function centred({ zoom, x, y }) {
  const half = 0.5 / zoom;
  const inside = (v) => round(clamp(v, half, 1 - half), 4);
  return { zoom: round(zoom, 3), x: inside(x), y: inside(y) };
}

// Where on the photograph an event is, in fractions; null beside the tiles.
function pointOf(app, event) {
  const frame = event.target.closest?.('.frame');
  const box = (frame ?? app.dragFrame)?.getBoundingClientRect();
  if (!box || !box.width) return null;
  const u = (event.clientX - box.left) / box.width;
  const v = (event.clientY - box.top) / box.height;
  const { left, top, span } = windowOf(app.view);
  return { u, v, fx: clamp(left + u * span, 0, 1), fy: clamp(top + v * span, 0, 1), width: box.width, box };
}

function pixelAt({ W, H }, fx, fy) {
  return { x: Math.min(W - 1, Math.floor(fx * W)), y: Math.min(H - 1, Math.floor(fy * H)) };
}

function bindPointer(app) {
  const { stage } = app;
  let drag = null;
  stage.addEventListener('pointerdown', (event) => {
    const at = event.button === 0 ? pointOf(app, event) : null;
    if (!at) return;
    const onDivider = app.view.mode === 'swipe' && Math.abs(at.u - app.view.swipe) * at.width < DIVIDER_REACH;
    app.hold();
    app.dragFrame = event.target.closest('.frame');
    drag = { at, view: app.view, onDivider, moved: false, x: event.clientX, y: event.clientY };
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener('pointermove', (event) => {
    if (drag) return dragged(app, drag, event);
    hover(app, pointOf(app, event));
  });
  const release = (event) => {
    if (!drag) return;
    const { moved, at } = drag;
    drag = null;
    if (!moved && event.type === 'pointerup') pin(app, at.fx, at.fy);
    else app.commit();
  };
  stage.addEventListener('pointerup', release);
  stage.addEventListener('pointercancel', release);
  stage.addEventListener('pointerleave', () => hover(app, null));
  stage.addEventListener('wheel', (event) => wheel(app, event), { passive: false });
  stage.addEventListener('keydown', (event) => key(app, event));
}

function dragged(app, drag, event) {
  const dx = event.clientX - drag.x;
  const dy = event.clientY - drag.y;
  if (!drag.moved && Math.hypot(dx, dy) < CLICK_SLACK) return;
  drag.moved = true;
  const { box } = drag.at;
  if (drag.onDivider) return app.change({ swipe: round(clamp((event.clientX - box.left) / box.width, 0, 1), 3) });
  const { zoom, x, y } = drag.view;
  app.change(centred({ zoom, x: x - dx / box.width / zoom, y: y - dy / box.height / zoom }));
}

function wheel(app, event) {
  if (!event.ctrlKey && !event.metaKey) return;
  const at = pointOf(app, event);
  if (!at) return;
  event.preventDefault();
  app.change(zoomAbout(app.view, Math.exp(-event.deltaY * 0.004), at.fx, at.fy));
  app.commit();
}

function hover(app, at) {
  app.pointed = at && { fx: at.fx, fy: at.fy };
  app.schedule();
}

function pin(app, fx, fy) {
  app.change({ probe: [round(fx, 4), round(fy, 4)] });
  app.commit();
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function key(app, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = ARROWS[event.key];
  if (arrow && !event.shiftKey && app.view.zoom === 1) return; // nothing to pan: the page scrolls
  const act = arrow && event.shiftKey ? () => moveCursor(app, arrow) : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act(app);
}

const KEYS = {
  '+': (app) => zoomBy(app, 1.25),
  '=': (app) => zoomBy(app, 1.25),
  '-': (app) => zoomBy(app, 0.8),
  '−': (app) => zoomBy(app, 0.8),
  0: (app) => wholePhotograph(app),
  Enter: (app) => pinCursor(app),
  Escape: (app) => unpin(app),
  ...Object.fromEntries(Object.entries(ARROWS).map(([name, step]) => [name, (app) => pan(app, step)])),
};

function zoomBy(app, factor) {
  const { x, y } = app.view;
  app.change(zoomAbout(app.view, factor, x, y));
  app.commit();
}

function wholePhotograph(app) {
  app.change({ zoom: 1, x: 0.5, y: 0.5 });
  app.commit();
}

function pan(app, [dx, dy]) {
  const { zoom, x, y } = app.view;
  app.change(centred({ zoom, x: x + (0.1 * dx) / zoom, y: y + (0.1 * dy) / zoom }));
  app.commit();
}

function moveCursor(app, [dx, dy]) {
  const { left, top, span } = windowOf(app.view);
  const from = app.cursor ?? { fx: left + span / 2, fy: top + span / 2 };
  const step = app.cursor ? 0.02 * span : 0;
  app.cursor = { fx: clamp(from.fx + dx * step, left, left + span), fy: clamp(from.fy + dy * step, top, top + span) };
  app.schedule();
}

function pinCursor(app) {
  if (app.cursor) pin(app, app.cursor.fx, app.cursor.fy);
  else moveCursor(app, [0, 0]);
}

function unpin(app) {
  app.cursor = null;
  app.change({ probe: null });
  app.commit();
}
