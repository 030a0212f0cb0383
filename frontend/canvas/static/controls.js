// The controls and the view: they show it and change it, and never ask the server.

const NUMBERS = { alpha: 3, opacity: 2, swipe: 3 };
const CHOICES = ['class', 'normalisation', 'colours', 'a', 'b'];
const SWITCHES = ['contour', 'pixels'];
const COMMIT_AFTER = 150; // milliseconds after the last release: held keys give one update, not many

function bindControls(app) {
  const { elements } = app;
  for (const name of Object.keys(NUMBERS)) {
    elements[name].addEventListener('input', () => app.change({ [name]: Number(elements[name].value) }));
    elements[name].addEventListener('pointerdown', () => app.hold());
    elements[name].addEventListener('pointerup', () => app.commit());
  }
  for (const name of CHOICES) elements[name].addEventListener('change', () => app.change({ [name]: elements[name].value }));
  for (const name of SWITCHES) {
    elements[name].addEventListener('change', () => app.change({ [name]: elements[name].checked }));
  }
  for (const radio of app.root.querySelectorAll('input[type=radio][name=mode], input[type=radio][name=overlay]')) {
    radio.addEventListener('change', () => app.change({ [radio.name]: radio.value }));
  }
  app.root.querySelector('.cam').addEventListener('change', () => app.commit());
  elements['zoom-in'].addEventListener('click', () => zoomBy(app, 1.25));
  elements['zoom-out'].addEventListener('click', () => zoomBy(app, 0.8));
  elements['zoom-reset'].addEventListener('click', () => wholePhotograph(app));
  elements.exchange.addEventListener('click', () => exchange(app));
}

function exchange(app) {
  const [a, b] = comparedTiles(app.scene, app.view);
  app.change({ a: tileName(b.layer, b.column), b: tileName(a.layer, a.column) });
  app.commit();
}

// Choices that depend on what the blob holds.
function fillChoices(app) {
  const { scene, elements, view } = app;
  const ranked = scene.ranked();
  const arrived = scene.layers.some((layer) => layer.maps.length); // before that, no score is known
  const highest = arrived && ranked.length ? `${HIGHEST} (${ranked[0][0]})` : HIGHEST;
  const words = (name, score) => (arrived ? `${name} · ${score.toFixed(2)}` : name);
  const classes = [[HIGHEST, highest], ...ranked.map(([name, score]) => [name, words(name, score)])];
  if (!classes.some(([name]) => name === view.class)) classes.push([view.class, `${view.class} (not among these)`]);
  fill(elements.class, classes);
  const tiles = allTiles(scene).map(({ layer, column }) => [
    tileName(layer, column),
    `${layer.title} · ${columnTitle(column)}`,
  ]);
  fill(elements.a, tiles);
  fill(elements.b, tiles);
  elements['errors-choice'].hidden = !scene.mask;
}

function fill(select, options) {
  const text = JSON.stringify(options);
  if (select.dataset.options === text) return;
  select.dataset.options = text;
  select.replaceChildren(...options.map(([value, label]) => make('option', { value }, label)));
}

// Make the controls say what the view says.
function showView(app) {
  const { elements, view, scene, root } = app;
  for (const [name, digits] of Object.entries(NUMBERS)) {
    if (Number(elements[name].value) !== view[name]) elements[name].value = view[name];
    elements[name].style.setProperty('--filled', `${100 * view[name]}%`);
    setText(elements[`${name}-value`], view[name].toFixed(digits));
  }
  for (const name of ['class', 'normalisation', 'colours']) elements[name].value = view[name];
  for (const name of SWITCHES) elements[name].checked = view[name];
  root.querySelector(`input[name=mode][value=${view.mode}]`).checked = true;
  root.querySelector(`input[name=overlay][value=${app.overlay}]`).checked = true;
  elements.pair.hidden = view.mode === 'strip';
  elements['divider-field'].hidden = view.mode !== 'swipe';
  if (scene.layers.length) {
    const [a, b] = comparedTiles(scene, view);
    elements.a.value = tileName(a.layer, a.column);
    elements.b.value = tileName(b.layer, b.column);
  }
  setText(elements['zoom-value'], `${view.zoom.toFixed(1)}×`);
}
