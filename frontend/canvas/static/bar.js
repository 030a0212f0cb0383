// The colour bar with its numbers, or the legend of colours that stand for something.

const STOPS = 24;

function gradient(name) {
  const table = colourTable(name);
  const last = table.length / 3 - 1;
  const stops = Array.from({ length: STOPS + 1 }, (_, i) => {
    const at = 3 * Math.round((i / STOPS) * last);
    return `rgb(${table[at]},${table[at + 1]},${table[at + 2]}) ${((100 * i) / STOPS).toFixed(1)}%`;
  });
  return `linear-gradient(to right, ${stops.join(',')})`;
}

const NORMALISATION_WORDS = {
  eq3: 'normalised per map (Eq. 3)',
  shared: 'one scale for all maps',
  none: 'raw logit after ReLU, clipped at 1',
};

function ramp(table, numbers, words, unit) {
  const strip = make('div', { class: 'ramp' });
  strip.style.background = gradient(table);
  const marker = make('i', { class: 'alpha', hidden: '' });
  const scale = make('div', { class: 'ticks' }, ...numbers.map((n) => make('span', {}, n)));
  return [make('div', { class: 'scale' }, strip, marker, scale), make('span', { class: 'words' }, `${words}${unit}`)];
}

function swatches(items) {
  return items.map(([colour, text]) => {
    const box = make('i', { class: 'swatch' });
    box.style.background = `rgb(${colour.join()})`;
    return make('span', { class: 'words' }, box, text);
  });
}

function errorItems() {
  const { tp, fp, fn } = ERROR_COLOURS;
  return [
    [tp, 'TP: object above α'],
    [fp, 'FP: covered beside it'],
    [fn, 'FN: left out'],
  ];
}

function barContent(app) {
  const { view, range } = app;
  if (view.mode === 'difference') {
    const r = range === null ? '…' : range.toFixed(2);
    const words = 'A − B, zero is grey; the line of A at α is white, that of B black';
    return { key: `difference ${r}`, text: `${words}, from −${r} to +${r}`, make: () => [
      ...overlayBar(app).make(),
      ...ramp('difference', [`−${r}`, '0', `+${r}`], words, ''),
    ] };
  }
  return overlayBar(app);
}

function overlayBar({ view, overlay }) {
  if (overlay === 'errors') {
    const items = errorItems();
    return { key: 'errors', text: items.map(([, text]) => text).join(', '), make: () => swatches(items) };
  }
  if (overlay === 'mask') {
    return { key: 'mask', text: 'above α', make: () => swatches([[INSIDE_COLOUR, 'above α']]) };
  }
  const words = NORMALISATION_WORDS[view.normalisation];
  const numbers = ['0', '0.25', '0.5', '0.75', view.normalisation === 'none' ? '≥ 1' : '1'];
  const text = `${view.colours} from 0 to 1, ${words}`;
  return { key: text, text, make: () => ramp(view.colours, numbers, words, '') };
}

function writeBar(app) {
  const { bar } = app.elements;
  const content = barContent(app);
  const key = `${content.key} ${app.view.mode} ${app.overlay} ${app.view.colours} ${app.view.normalisation}`;
  if (app.barKey !== key) {
    app.barKey = key;
    bar.replaceChildren(...content.make());
    bar.setAttribute('aria-label', `Colour bar: ${content.text}`);
  }
  const marker = app.overlay === 'heat' ? bar.querySelector('.alpha') : null;
  if (marker) {
    marker.hidden = false;
    marker.style.left = `${100 * app.view.alpha}%`;
  }
}
