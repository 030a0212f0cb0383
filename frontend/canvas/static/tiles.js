// Which tiles there are, where they stand, and which part of the photograph they show.

const GAP = 6;
const TALLEST = 560; // of a single tile, in CSS pixels

function tileName(layer, column) {
  return `${layer.key}:${column}`;
}

function allTiles(scene) {
  return scene.layers.flatMap((layer) => scene.columns.map((column) => ({ layer, column })));
}

// The two tiles that are compared: those named, else the last column of the first and of the last layer.
function comparedTiles(scene, view) {
  const tiles = allTiles(scene);
  const last = scene.columns.length - 1;
  const named = (name) => tiles.find((t) => tileName(t.layer, t.column) === name);
  const one = scene.layers.length === 1;
  const a = named(view.a) ?? tiles[one ? 0 : last];
  const b = named(view.b) ?? tiles[tiles.length - 1];
  return [a, b];
}

// The part of the photograph in sight: its left and top and the share of each side that it spans.
function windowOf(view) {
  const span = 1 / view.zoom;
  const x = clamp(view.x, span / 2, 1 - span / 2);
  const y = clamp(view.y, span / 2, 1 - span / 2);
  return { left: x - span / 2, top: y - span / 2, span };
}

// Source column and row of every display pixel.
function sourceIndices(size, first, span, count) {
  const at = (i) => Math.floor((first + ((i + 0.5) / count) * span) * size);
  return Int32Array.from({ length: count }, (_, i) => Math.min(size - 1, at(i)));
}

function geometryOf(scene, view, width, ratio) {
  const { left, top, span } = windowOf(view);
  const css = view.pixels ? scene.W / ratio : width;
  const w = Math.max(1, view.pixels ? scene.W : Math.round(css * ratio));
  const h = Math.max(1, view.pixels ? scene.H : Math.round((css * ratio * scene.H) / scene.W));
  const key = [w, h, left, top, span].join();
  const columns = sourceIndices(scene.W, left, span, w);
  const rows = sourceIndices(scene.H, top, span, h);
  return { key, w, h, css, left, top, span, columns, rows };
}

function sampled(packed, W, { w, h, rows, columns }) {
  const out = new Uint16Array(w * h);
  for (let y = 0, i = 0; y < h; y++) {
    const row = rows[y] * W;
    for (let x = 0; x < w; x++, i++) out[i] = packed[row + columns[x]];
  }
  return out;
}

// Elements of one tile.
function makeTile(kind, label) {
  const canvas = make('canvas', { role: 'img' });
  const wait = make('span', { class: 'wait' }, 'computing…');
  const mark = make('i', { class: 'mark', hidden: '' });
  const cursor = make('i', { class: 'cursor', hidden: '' });
  const value = make('span', { class: 'value', 'aria-hidden': 'true', hidden: '' });
  const divider = kind === 'swipe' ? make('i', { class: 'divider' }) : null;
  const frame = make('div', { class: 'frame' }, canvas, wait, ...(divider ? [divider] : []), mark, cursor, value);
  const figures = make('figcaption', {});
  const heading = label ? [make('div', { class: 'heading' }, label)] : [];
  const figure = make('figure', { class: `tile ${kind}` }, ...heading, frame, figures);
  const context = canvas.getContext('2d');
  return { kind, canvas, context, wait, mark, cursor, value, divider, frame, figures, figure };
}

// Build the elements of a layout; returns its tiles, each with the maps it shows.
function layOut(app) {
  const { scene, view, stage } = app;
  const [a, b] = scene.layers.length ? comparedTiles(scene, view) : [];
  const tiles = !a ? [] : view.mode === 'strip' ? stripTiles(app) : comparison(app, a, b);
  stage.classList.toggle('strip', view.mode === 'strip');
  return tiles;
}

function comparison({ stage, view }, a, b) {
  const title = (t) => `${t.layer.title} · ${columnTitle(t.column)}`;
  if (view.mode === 'swipe') {
    const names = make('span', { class: 'sides' }, make('span', {}, `A: ${title(a)}`), make('span', {}, `B: ${title(b)}`));
    const tile = { ...makeTile('swipe', names), shows: [a, b] };
    stage.replaceChildren(tile.figure);
    stage.style.setProperty('--columns', 1);
    return [tile];
  }
  const tiles = [
    { ...makeTile('map', `A: ${title(a)}`), shows: [a] },
    { ...makeTile('map', `B: ${title(b)}`), shows: [b] },
    { ...makeTile('difference', 'A − B'), shows: [a, b] },
  ];
  stage.replaceChildren(...tiles.map((t) => t.figure));
  stage.style.setProperty('--columns', 3);
  return tiles;
}

function stripTiles({ stage, scene }) {
  const tiles = [];
  const add = (tile) => tiles.push(tile) && tile.figure;
  const children = ['photograph', ...scene.columns.map(columnTitle)].map((t) => make('div', { class: 'column' }, t));
  for (const layer of scene.layers) {
    const title = make('div', { class: 'row-title' });
    children.push(title, add({ ...makeTile('photograph'), shows: [], layer, title }));
    for (const column of scene.columns) children.push(add({ ...makeTile('map'), shows: [{ layer, column }] }));
  }
  stage.replaceChildren(...children);
  stage.style.setProperty('--columns', scene.columns.length + 1);
  return tiles;
}

// Width of a tile in CSS pixels when tiles fill the stage.
function fittedWidth({ stage, scene, view }) {
  const columns = { strip: scene.columns.length + 1, swipe: 1, difference: 3 }[view.mode];
  const width = (stage.clientWidth - (columns - 1) * GAP) / columns;
  return Math.max(24, Math.floor(Math.min(width, (TALLEST * scene.W) / scene.H)));
}
