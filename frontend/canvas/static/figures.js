// Words and numbers on and under the tiles.

function ratioText(name, value, why) {
  return value === null ? `${name} undefined (${why})` : `${name} ${value.toFixed(2)}`;
}

// What is said of one map at α.
function figureTexts(counts, edge, judged) {
  const f = figuresAt(counts, edge, judged);
  const area = `${percent(f.area)} above α`;
  if (!judged) return [area];
  return [
    area,
    ratioText('IoU', f.iou, 'nothing there or above α'),
    f.tp > 0 ? `FN/TP ${f.fnOverTp.toFixed(2)} · FP/TP ${f.fpOverTp.toFixed(2)}` : 'FN/TP, FP/TP undefined (no TP)',
  ];
}

function writeLines(element, lines) {
  while (element.children.length > lines.length) element.lastChild.remove();
  while (element.children.length < lines.length) element.append(make('span'));
  lines.forEach((line, i) => setText(element.children[i], line));
}

function writeFigures(app, tile, edge) {
  if (tile.kind === 'photograph') return writeLines(tile.figures, photographLines(app));
  if (!tile.ready) return writeLines(tile.figures, []);
  if (tile.kind === 'difference') return writeLines(tile.figures, differenceLines(tile, edge));
  const lines = tile.parts.flatMap((part, i) => {
    const prefix = tile.parts.length > 1 ? `${'AB'[i]}: ` : '';
    const missing = app.scene.mask && !part.label ? [`no ground truth of ${part.shown.name}`] : [];
    const texts = [...figureTexts(part.binned.counts, edge, part.label > 0), ...missing];
    return prefix ? [prefix + texts.join(' · ')] : texts;
  });
  writeLines(tile.figures, lines);
}

function photographLines({ scene, view }) {
  if (!scene.mask) return [];
  const name = scene.layers[0] ? scene.shown(scene.layers[0], view.class).name : '';
  const codes = scene.codesOf(scene.label(name));
  return [codes ? `ground truth: ${percent(shareOf(codes))} ${name}` : `ground truth: no ${name}`];
}

function differenceLines(tile, edge) {
  const [a, b] = tile.parts;
  const overlap = overlapAt(a.binned.packed, b.binned.packed, edge);
  return [overlap === null ? 'both empty at α' : `masks at α overlap by IoU ${overlap.toFixed(2)}`];
}

// Row titles of the strip; they change with the class.
function writeTitles(app) {
  for (const tile of app.tiles) {
    if (!tile.title) continue;
    const { layer } = tile;
    const { name, known, index } = app.scene.shown(layer, app.view.class);
    const unknown = known || !layer.classes.length ? '' : ` · does not know “${app.view.class}”, its own best class is shown`;
    // Without a map there is no score yet.
    const score = layer.maps.length && name ? ` · ${name} ${layer.scores[index].toFixed(2)}` : '';
    const note = layer.note ? ` · ${layer.note}` : '';
    const key = [layer.title, layer.subtitle, score, unknown, note].join('|');
    if (tile.titleKey === key) continue;
    tile.titleKey = key;
    tile.title.replaceChildren(make('b', {}, layer.title), ` · ${layer.subtitle}${score}${unknown}${note}`);
  }
}

function tileLabel(app, tile) {
  if (tile.kind === 'photograph') return 'The photograph';
  const one = ({ layer, column }) => {
    const { name } = app.scene.shown(layer, app.view.class);
    return `${layer.title}: activation of ${name} at ${columnTitle(column)}`;
  };
  const texts = tile.shows.map(one);
  if (tile.kind === 'difference') return `A − B. A: ${texts[0]}. B: ${texts[1]}`;
  return texts.length > 1 ? `A left of the divider: ${texts[0]}. B right of it: ${texts[1]}` : texts[0];
}

// Values at pixel (x, y) of the maps, in the corner of every tile; none when `at` is null.
function writeValues(app, at) {
  for (const tile of app.tiles) {
    tile.value.hidden = !at || (!tile.ready && tile.kind !== 'photograph');
    if (!tile.value.hidden) setText(tile.value, valueText(app, tile, at));
  }
}

function valueText({ scene }, tile, { x, y }) {
  const i = y * scene.W + x;
  if (tile.kind === 'photograph') return `x ${x}, y ${y}${truthText(scene, i)}`;
  const [a, b] = tile.parts.map((part) => ({ value: normalised(part.map.raw[i], part.norm), raw: part.map.raw[i] }));
  if (tile.kind === 'difference') return `A − B ${signed(a.value - b.value)} · raw ${signed(a.raw - b.raw)}`;
  const text = (v) => `${v.value.toFixed(3)} · raw ${v.raw.toFixed(2)}`;
  return b ? `A ${text(a)} | B ${text(b)}` : text(a);
}

function truthText(scene, i) {
  if (!scene.mask) return '';
  const label = scene.mask[i];
  const name = label === IGNORE_LABEL ? 'ignored' : label ? scene.header.mask_classes[label - 1] : 'background';
  return ` · ${name}`;
}

function signed(value) {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}
