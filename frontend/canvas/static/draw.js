// One frame: from the view to pixels, doing anew only what changed.

const WIDE = 320; // CSS pixels from which a tile's contour is twice as wide

function drawFrame(app) {
  app.count('frames');
  arrange(app);
  resolve(app);
  const { view, scene } = app;
  const geometry = geometryOf(scene, view, fittedWidth(app), window.devicePixelRatio);
  const edge = edgeIndex(view.alpha);
  const ground = photographAt(app, geometry);
  const lookup = lookupFor(app, edge);
  for (const tile of app.tiles) drawTile(app, tile, { geometry, edge, lookup, ...ground });
  showView(app);
  writeTitles(app);
  writeBar(app);
  placeMarks(app, geometry);
  showProbe(app);
  app.showCounts();
}

// Build the tiles anew when the layout changed.
function arrange(app) {
  const { scene, view } = app;
  const rows = scene.layers.map((layer) => [layer.key, layer.title]);
  const key = JSON.stringify([rows, scene.columns, view.mode, view.mode !== 'strip' && [view.a, view.b]]);
  if (key !== app.layoutKey) {
    app.layoutKey = key;
    app.tiles = layOut(app);
    app.sight.disconnect();
    for (const tile of app.tiles) app.sight.observe(tile.frame);
  }
  app.host.classList.toggle('actual', view.pixels);
  fillChoices(app);
}

// Which maps the tiles show, and how they are normalised.
function resolve({ scene, view, tiles }) {
  for (const tile of tiles) {
    tile.parts = tile.shows.map(({ layer, column }) => {
      const shown = scene.shown(layer, view.class);
      return { shown, label: scene.label(shown.name), map: scene.map(layer, column, shown.index) };
    });
    tile.ready = tile.parts.length > 0 && tile.parts.every((part) => part.map);
  }
  const parts = tiles.flatMap((tile) => tile.parts).filter((part) => part.map);
  const shared = Math.max(0, ...parts.map((part) => part.map.peak));
  for (const part of parts) {
    part.norm = normalisation(view.normalisation, part.map.peak, shared);
    part.binned = scene.binned(part.map, part.norm, part.label);
  }
}

function lookupFor(app, edge) {
  const { overlay } = app;
  const { colours, opacity } = app.view;
  const key = [overlay, colours, opacity, overlay === 'heat' ? '' : edge].join();
  if (app.lookup?.key !== key) app.lookup = { key, table: makeLookup(overlay, colours, opacity, edge) };
  return app.lookup;
}

// The photograph in sight at the size of a tile, whole and dimmed.
function photographAt(app, { key, w, h, left, top, span }) {
  if (app.full?.key !== key) app.full = { key, pixels: scaledPhotograph(app.photograph, w, h, left, top, span) };
  const { opacity } = app.view;
  if (app.dim?.full !== app.full || app.dim.opacity !== opacity) {
    app.dim = { full: app.full, opacity, pixels: dimmed(app.full.pixels, opacity) };
  }
  if (app.image?.width !== w || app.image.height !== h) app.image = new ImageData(w, h);
  return { full: app.full.pixels, dim: app.dim.pixels, image: app.image, out: new Uint32Array(app.image.data.buffer) };
}

function scaledPhotograph(bitmap, w, h, left, top, span) {
  if (!bitmap) return new Uint32Array(w * h).fill(0xff808080);
  const context = new OffscreenCanvas(w, h).getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  const { width, height } = bitmap;
  context.drawImage(bitmap, left * width, top * height, span * width, span * height, 0, 0, w, h);
  return new Uint32Array(context.getImageData(0, 0, w, h).data.buffer);
}

function drawTile(app, tile, frame) {
  const { geometry, edge, out, image, full } = frame;
  const waiting = !tile.ready && tile.kind !== 'photograph';
  tile.wait.hidden = !waiting;
  fitCanvas(tile, geometry);
  const label = tileLabel(app, tile) + (waiting ? ' (computing)' : '');
  if (tile.label !== label) tile.canvas.setAttribute('aria-label', (tile.label = label));
  writeFigures(app, tile, edge);
  if (tile.hidden) return;
  const key = waiting ? null : paintKey(app, tile, frame);
  if (key === tile.drawn) return;
  tile.drawn = key;
  if (waiting) return;
  if (tile.kind === 'photograph') out.set(full);
  else paintTile(app, tile, frame);
  tile.context.putImageData(image, 0, 0);
}

// All that a tile's pixels depend on.
function paintKey(app, tile, { geometry, edge, lookup }) {
  const { contour, swipe } = app.view;
  const maps = tile.parts.map((part) => part.binned.key);
  const line = contour && tile.kind !== 'photograph' ? edge : '';
  return [app.photographId, geometry.key, lookup.key, line, tile.kind === 'swipe' ? swipe : '', ...maps].join();
}

function fitCanvas({ canvas, frame }, { w, h, css }) {
  if (canvas.width === w && canvas.height === h && frame.dataset.css === String(css)) return;
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  frame.dataset.css = css;
  frame.style.width = `${css}px`;
  frame.style.aspectRatio = `${w} / ${h}`;
}

function paintTile(app, tile, { geometry, edge, lookup, out, dim, full }) {
  const { w, h } = geometry;
  const { contour } = app.view;
  app.count('lookups');
  const shown = tile.parts.map((part, i) => displayed(app, tile, i, part.binned, geometry));
  const line = Math.max(1, Math.round(window.devicePixelRatio * (geometry.css > WIDE ? 2 : 1)));
  if (tile.kind === 'difference') {
    const bins = differenceOf(app, tile, geometry);
    paintPixels(out, w, h, 0, w, bins, differenceLookup(app), dim, full);
    if (contour) shown.forEach((pixels, i) => paintContour(out, w, h, 0, w, pixels, edge, line, ...CONTOUR_PAIR[i]));
    return;
  }
  const split = tile.parts.length > 1 ? Math.round(app.view.swipe * w) : w;
  [[0, split], [split, w]].slice(0, shown.length).forEach(([x0, x1], i) => {
    if (x1 <= x0) return;
    paintPixels(out, w, h, x0, x1, shown[i], lookupOf(app, tile.parts[i], lookup), dim, full);
    if (contour) paintContour(out, w, h, x0, x1, shown[i], edge, line);
  });
  if (tile.divider) tile.divider.style.left = `${100 * app.view.swipe}%`;
}

// Without ground truth of the class there are no errors to colour.
function lookupOf(app, part, lookup) {
  return app.overlay === 'errors' && !part.label ? PLAIN : lookup.table;
}

const CONTOUR_PAIR = [[WHITE, WHITE], [BLACK, BLACK]];

// The part of a map in sight, at the tile's size; kept until the window or the map changes.
function displayed(app, tile, i, binned, geometry) {
  tile.displays ??= [];
  const kept = tile.displays[i];
  if (kept?.geometry === geometry.key && kept.binned === binned) return kept.pixels;
  const pixels = sampled(binned.packed, app.scene.W, geometry);
  tile.displays[i] = { geometry: geometry.key, binned, pixels };
  return pixels;
}

function differenceOf(app, tile, geometry) {
  const [a, b] = tile.parts;
  const key = `${a.binned.key} ${b.binned.key}`;
  if (tile.difference?.key !== key) {
    const range = differenceRange(a.map.raw, a.norm, b.map.raw, b.norm);
    const packed = differenceBins(a.map.raw, a.norm, b.map.raw, b.norm, range);
    tile.difference = { key, range, packed };
  }
  app.range = tile.difference.range;
  return displayed(app, tile, 2, tile.difference, geometry);
}

function differenceLookup(app) {
  const { opacity } = app.view;
  if (app.signedLookup?.opacity !== opacity) {
    app.signedLookup = { opacity, table: heatLookup('difference', opacity) };
  }
  return app.signedLookup.table;
}

// The pinned point and the keyboard's cursor stand at the same place in every tile.
function placeMarks(app, { left, top, span }) {
  const { probe } = app.view;
  const place = (element, point) => {
    const u = point && (point.fx - left) / span;
    const v = point && (point.fy - top) / span;
    element.hidden = !point || u < 0 || u > 1 || v < 0 || v > 1;
    if (!element.hidden) Object.assign(element.style, { left: `${100 * u}%`, top: `${100 * v}%` });
  };
  for (const tile of app.tiles) {
    place(tile.mark, probe && { fx: probe[0], fy: probe[1] });
    place(tile.cursor, app.cursor);
  }
  const at = app.pointed ?? app.cursor;
  writeValues(app, at && pixelAt(app.scene, at.fx, at.fy));
}
