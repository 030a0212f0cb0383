// A pinned point: every class's value against scale, checkpoint by checkpoint.

const LABELLED = 4;
const LINE_COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00'];
const CHART = { width: 460, height: 210, left: 38, right: 118, top: 10, bottom: 34 };
const SLICE_MS = 8; // of a frame, while peaks are computed

function showProbe(app) {
  const { probe, values } = app.view;
  const panel = app.root.querySelector('.probe');
  panel.hidden = !probe;
  if (!probe) return (app.probeKey = null);
  const { x, y } = pixelAt(app.scene, ...probe);
  const classes = app.scene.layers.map((layer) => app.scene.shown(layer, app.view.class).name);
  const key = JSON.stringify([x, y, values, classes, app.probeVersion, app.scene.version]);
  if (!panel.children.length) panel.append(...probePanel(app));
  if (key !== app.probeKey) drawProbe(app, panel, x, y);
  app.probeKey = key;
  return placeThreshold(panel, app.view.alpha);
}

// α moves often, so its line alone moves with it.
function placeThreshold(panel, alpha) {
  const y = heightOf(alpha, 1);
  for (const line of panel.querySelectorAll('.threshold')) {
    line.setAttribute('y1', y);
    line.setAttribute('y2', y);
    line.nextSibling.setAttribute('y', y - 3);
  }
}

function probePanel(app) {
  const radio = (value, text) => {
    const input = make('input', { type: 'radio', name: 'values', value });
    input.addEventListener('change', () => app.change({ values: value }));
    return make('label', {}, input, make('span', {}, text));
  };
  const choice = make('fieldset', {}, make('legend', {}, 'Values'), radio('normalised', 'Eq. 3'), radio('raw', 'raw'));
  const remove = make('button', { type: 'button' }, 'Remove');
  remove.addEventListener('click', () => {
    unpin(app);
    app.stage.focus();
  });
  return [make('header', {}, make('h3', {}), choice, remove), make('div', { class: 'charts' })];
}

function drawProbe(app, panel, x, y) {
  const { scene, view } = app;
  setText(panel.querySelector('h3'), `Pinned point x ${x}, y ${y}${truthText(scene, y * scene.W + x)}`);
  panel.querySelector(`input[value=${view.values}]`).checked = true;
  const curves = scene.layers.map((layer) => curvesAt(app, layer, x, y));
  const most = Math.max(0.01, ...curves.flat().flatMap((c) => c.values.map((v) => v ?? 0)));
  const top = view.values === 'raw' ? niceCeiling(most) : 1;
  const names = labelledClasses(app, curves.flat());
  const charts = scene.layers.map((layer, i) => chartOf(app, layer, curves[i], names, top));
  panel.querySelector('.charts').replaceChildren(...charts);
}

function best(curve) {
  return Math.max(...curve.values.map((v) => v ?? -1));
}

// The classes that get a colour and a name, the same in all charts: those shown, then the highest.
function labelledClasses({ scene, view }, curves) {
  const shown = scene.layers.map((layer) => scene.shown(layer, view.class).name);
  const high = curves.filter((c) => best(c) > 0).sort((a, b) => best(b) - best(a)).map((c) => c.name);
  return [...new Set([...shown, ...high])].slice(0, Math.max(LABELLED, new Set(shown).size));
}

// The next of 1, 2, 4, 10, 20, 40 …: its quarters are short numbers.
function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 10].map((m) => m * power).find((v) => v >= value);
}

// Value of each class of a layer in every column; null where views are missing or a peak is not known yet.
function curvesAt(app, layer, x, y) {
  const { scene, view } = app;
  return layer.classes.map((name, k) => {
    const values = scene.columns.map((column) => {
      const raw = scene.valueAt(layer, column, k, x, y);
      if (raw === null || view.values === 'raw') return raw;
      if (raw <= EPSILON) return 0;
      const peak = knownPeak(app, layer, column, k);
      return peak === null ? null : normalised(raw, normalisation('eq3', peak, 0));
    });
    return { name, values, scales: scene.header.scales.length };
  });
}

// The peak of a map that is perhaps nowhere shown: asked for here, computed between frames.
function knownPeak(app, layer, column, k) {
  const { scene } = app;
  const key = scene.mapKey(layer, column, k);
  if (scene.peaks.has(key)) return scene.peaks.get(key);
  app.wantedPeaks ??= new Map();
  app.wantedPeaks.set(key, () => scene.peak(layer, column, k));
  if (!app.peaking) {
    app.peaking = true;
    setTimeout(() => computePeaks(app));
  }
  return null;
}

function computePeaks(app) {
  const until = performance.now() + SLICE_MS;
  for (const [key, compute] of app.wantedPeaks) {
    compute();
    app.wantedPeaks.delete(key);
    if (performance.now() > until) break;
  }
  if (app.wantedPeaks.size) return setTimeout(() => computePeaks(app));
  app.peaking = false;
  app.probeVersion = (app.probeVersion ?? 0) + 1;
  return app.schedule();
}

function svg(tag, attributes, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Places of the columns: scales where they are in number, their mean apart at the end.
function places(scene) {
  const { left, right, width } = CHART;
  const scales = scene.header.scales;
  const end = width - right - (scene.columns.length > scales.length ? 42 : 0);
  const [low, high] = [Math.min(...scales), Math.max(...scales)];
  const at = (s) => (high > low ? left + 12 + ((s - low) / (high - low)) * (end - left - 24) : (left + end) / 2);
  return [...scales.map(at), width - right - 12].slice(0, scene.columns.length);
}

function heightOf(value, top) {
  return CHART.height - CHART.bottom - (value / top) * (CHART.height - CHART.bottom - CHART.top);
}

function chartOf(app, layer, curves, names, top) {
  const { scene, view } = app;
  const xs = places(scene);
  const { width, height, right } = CHART;
  const yOf = (v) => heightOf(v, top);
  const labelled = names.map((name) => curves.find((c) => c.name === name)).filter(Boolean);
  for (const c of labelled) c.colour = LINE_COLOURS[names.indexOf(c.name) % LINE_COLOURS.length];
  const label = summary(layer, labelled, view);
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label });
  picture.append(...axes(scene, view, xs, yOf, top));
  for (const c of curves) if (!c.colour) picture.append(svg('path', { class: 'other', d: path(c, xs, yOf) }));
  for (const c of labelled) picture.append(...lineOf(c, xs, yOf));
  picture.append(...nameTags(labelled, yOf, width - right));
  return make('figure', {}, make('div', {}, make('b', {}, layer.title)), picture);
}

function lineOf(curve, xs, yOf) {
  const line = svg('path', { class: 'top', stroke: curve.colour, d: path(curve, xs, yOf) });
  const known = curve.values.map((v, j) => [v, xs[j]]).filter(([v]) => v !== null);
  return [line, ...known.map(([v, x]) => svg('circle', { cx: x, cy: yOf(v), r: 2.8, fill: curve.colour }))];
}

// Joins neighbouring scales; what is unknown leaves a gap, and the mean over scales stands alone.
function path({ values, scales }, xs, yOf) {
  const known = (j) => j >= 0 && j < scales && values[j] !== null;
  const step = (v, j) => `${known(j - 1) ? 'L' : 'M'}${xs[j].toFixed(1)} ${yOf(v).toFixed(1)}`;
  return values.map((v, j) => (known(j) ? step(v, j) : '')).join('');
}

function axes(scene, view, xs, yOf, top) {
  const { width, height, left, right, bottom } = CHART;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((t) => t * top);
  const lines = ticks.flatMap((t) => [
    svg('line', { class: t ? 'grid' : 'axis', x1: left, x2: width - right, y1: yOf(t), y2: yOf(t) }),
    svg('text', { x: left - 5, y: yOf(t) + 4, 'text-anchor': 'end' }, String(round(t, 3))),
  ]);
  const names = scene.columns.map((c, j) => svg('text', { x: xs[j], y: height - bottom + 14, 'text-anchor': 'middle' }, c));
  const title = svg('text', { x: (left + width - right) / 2, y: height - 4, 'text-anchor': 'middle' }, 'scale of the photograph');
  if (view.values === 'raw') return [...lines, ...names, title];
  const threshold = svg('line', { class: 'threshold', x1: left, x2: width - right });
  return [...lines, ...names, title, threshold, svg('text', { x: left + 2 }, 'α')];
}

// Names at the lines' ends, moved apart so that none covers another.
function nameTags(labelled, yOf, x) {
  const last = (c) => c.values.findLast((v) => v !== null) ?? 0;
  const tags = labelled.map((c) => ({ c, y: yOf(last(c)) + 4 })).sort((a, b) => a.y - b.y);
  for (let k = 1; k < tags.length; k++) tags[k].y = Math.max(tags[k].y, tags[k - 1].y + 13);
  const over = Math.max(0, (tags.at(-1)?.y ?? 0) - (CHART.height - CHART.bottom + 4));
  return tags.flatMap(({ c, y }) => [
    svg('rect', { x: x + 3, y: y - over - 8, width: 8, height: 8, rx: 1.5, fill: c.colour }),
    svg('text', { x: x + 15, y: y - over }, `${c.name} ${last(c).toFixed(2)}`),
  ]);
}

function summary(layer, labelled, view) {
  const kind = view.values === 'raw' ? 'raw' : 'Eq. 3';
  const words = labelled.map((c) => `${c.name} ${c.values.map((v) => (v === null ? 'unknown' : v.toFixed(2))).join(', ')}`);
  return `${layer.title}, ${kind} values at the pinned point against scale: ${words.join('; ') || 'no class above zero'}`;
}
