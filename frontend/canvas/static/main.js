// One canvas: its state, its frames, and what it tells the page.

// Views by the component's key, beyond the life of one element: the page may move or rebuild it.
const views = (window[Symbol.for('ssenet canvas views')] ??= new Map());
const apps = new WeakMap();

class App {
  constructor(root) {
    this.root = root;
    this.host = root.querySelector('.cam');
    this.stage = root.querySelector('.stage');
    this.elements = Object.fromEntries([...root.querySelectorAll('[id]')].map((one) => [one.id, one]));
    this.counters = {};
    this.scene = new Scene((name) => this.count(name));
    this.tiles = [];
    this.pointed = this.cursor = this.photograph = this.range = null;
    this.settle = settledAfter(COMMIT_AFTER, () => this.tell());
    this.observer = new ResizeObserver(() => this.schedule());
    this.sight = new IntersectionObserver((entries) => this.seen(entries));
    bindControls(this);
    bindPointer(this);
  }

  count(name) {
    this.counters[name] = (this.counters[name] ?? 0) + 1;
  }

  showCounts() {
    Object.assign(this.host.dataset, this.counters);
  }

  // Take what the page sends; the own view stays unless the page asks for another one.
  take({ data, setStateValue }) {
    this.setStateValue = setStateValue;
    this.observer.observe(this.stage);
    if (!data || sameHeader(this.scene.bytes, data)) return this.schedule();
    const before = this.scene.header?.photograph;
    const { key, revision, view, photograph } = this.scene.load(data);
    this.key = key;
    if (views.get(key)?.revision !== revision) views.set(key, { revision, view, told: JSON.stringify(view) });
    if (before?.crc !== photograph.crc || before.length !== photograph.length) this.decodePhotograph();
    this.layoutKey = null;
    this.schedule();
  }

  // Tiles that are scrolled out of sight are painted when they come back.
  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.tiles.find((one) => one.frame === target);
      if (tile) tile.hidden = !isIntersecting;
    }
    this.schedule();
  }

  get view() {
    return views.get(this.key).view;
  }

  // Errors need a ground truth to be errors against.
  get overlay() {
    return this.view.overlay === 'errors' && !this.scene.mask ? 'heat' : this.view.overlay;
  }

  change(part) {
    views.get(this.key).view = { ...this.view, ...part };
    this.schedule();
  }

  // People let go of something: tell the page, once.
  commit() {
    this.settle();
  }

  // Taken hold of again before the page was told: it is told on the next release.
  hold() {
    this.settle.cancel();
  }

  tell() {
    const own = views.get(this.key);
    const text = JSON.stringify(own.view);
    if (own.told === text) return;
    own.told = text;
    this.count('updates');
    this.showCounts();
    this.setStateValue('view', own.view);
  }

  async decodePhotograph() {
    const bytes = this.scene.photograph;
    const bitmap = await createImageBitmap(new Blob([bytes]));
    if (bytes !== this.scene.photograph) return;
    this.photograph = bitmap;
    this.photographId = this.scene.header.photograph.crc;
    this.full = null;
    this.schedule();
  }

  // Many changes, one frame.
  schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.key !== undefined) drawFrame(this);
    });
  }

  dispose() {
    if (this.host.isConnected) return; // only moved
    this.observer.disconnect();
    this.sight.disconnect();
    this.settle.cancel();
    cancelAnimationFrame(this.frame);
  }
}

// The header holds checksums of all parts: equal headers, equal blobs.
function sameHeader(a, b) {
  if (!a || a.length !== b.length) return false;
  const length = new DataView(a.buffer, a.byteOffset).getUint32(0, true);
  for (let i = 0; i < 4 + length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export default function (component) {
  const { parentElement } = component;
  const host = parentElement.querySelector('.cam');
  if (!apps.has(host)) apps.set(host, new App(parentElement));
  const app = apps.get(host);
  app.take(component);
  return () => setTimeout(() => app.dispose());
}
