// Label maps over their photograph, one canvas a panel, stepped by one slider. Nothing is asked of the page while
// one steps; the iteration is reported once, after the slider has come to rest.

const STRIPE = 4;
const REST_MS = 350;
const PLAY_MS = 550;
const IGNORED = 255;
const OPACITY = 0.6;

/** What Python packed: length of the header, header, photograph, compressed label maps. */
function unpack(blob) {
  const length = new DataView(blob.buffer, blob.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(blob.subarray(4, 4 + length)));
  const start = 4 + length;
  return {
    header,
    photograph: blob.subarray(start, start + header.photograph),
    labels: blob.subarray(start + header.photograph),
  };
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function pixels(bytes, [height, width]) {
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** One frame: photograph, colours of labels, hatching where ignored, white borders between labels. */
function paint(out, photo, labels, offset, [height, width], colours, shadow) {
  const mixed = (value, colour) => Math.round(value * (1 - OPACITY) + colour * OPACITY);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const label = labels[offset + i];
      const p = 4 * i;
      out[p + 3] = 255;
      if (label !== 0 && label !== IGNORED && onBorder(labels, offset + i, label, x, y, width, height)) {
        out[p] = out[p + 1] = out[p + 2] = 255;
        continue;
      }
      const hatch = ((x + y) / STRIPE | 0) % 2 === 0 ? 235 : 160;
      for (let c = 0; c < 3; c++) {
        if (label === 0) out[p + c] = shadow ? mixed(photo[p + c], 0) : photo[p + c];
        else out[p + c] = mixed(photo[p + c], label === IGNORED ? hatch : colours[label][c]);
      }
    }
  }
}

function onBorder(labels, at, label, x, y, width, height) {
  return (x > 0 && labels[at - 1] !== label) || (x + 1 < width && labels[at + 1] !== label)
    || (y > 0 && labels[at - width] !== label) || (y + 1 < height && labels[at + width] !== label);
}

function figure(panel, [height, width]) {
  const made = document.createElement('figure');
  const caption = document.createElement('figcaption');
  const name = document.createElement('b');
  const canvas = document.createElement('canvas');
  const readout = document.createElement('div');
  name.textContent = panel.title;
  caption.append(name, ` ${panel.subtitle}`);
  canvas.width = width;
  canvas.height = height;
  canvas.setAttribute('role', 'img');
  readout.className = 'readout';
  made.append(caption, canvas, readout);
  return { made, canvas, readout };
}

/** Everything that belongs to one component on the page; it outlives reruns. */
class Scrubber {
  constructor(root) {
    this.root = root;
    this.slider = root.querySelector('input');
    this.output = root.querySelector('output');
    this.play = root.querySelector('.play');
    this.panels = root.querySelector('.panels');
    this.root.dataset.frames = this.root.dataset.updates = '0';
    this.slider.oninput = () => this.step(Number(this.slider.value));
    this.play.onclick = () => (this.timer ? this.pause() : this.start());
    root.onkeydown = (event) => this.key(event);
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const whole = { Home: 0, End: this.last }[event.key];
    if (event.target === this.slider || (step === undefined && whole === undefined)) return;
    event.preventDefault();
    this.pause();
    this.step(whole ?? this.iteration + step);
  }

  async take(blob, report) {
    this.report = report;
    const { header, photograph, labels } = unpack(blob);
    if (header.content !== this.content) {
      this.content = header.content;
      const [photo, maps] = await Promise.all([pixels(photograph, header.size), inflate(labels)]);
      if (header.content !== this.content) return; // a newer one came meanwhile
      this.build(header, photo, maps);
    }
    if (header.revision !== this.revision) {
      this.revision = header.revision;
      this.pause();
      this.show(Math.min(header.iteration, this.last));
    } else {
      this.show(Math.min(this.iteration, this.last));
    }
  }

  build(header, photo, maps) {
    Object.assign(this, { header, photo, maps, last: header.iterations });
    this.slider.max = String(this.last);
    const area = header.size[0] * header.size[1];
    let offset = 0;
    this.parts = header.panels.map((panel) => {
      const part = { panel, offset, ...figure(panel, header.size) };
      offset += panel.frames * area;
      return part;
    });
    this.panels.style.setProperty('--panels', String(this.parts.length));
    this.panels.classList.toggle('tall', header.size[0] > header.size[1]);
    this.panels.replaceChildren(...this.parts.map((part) => part.made));
    this.legend();
    this.drawn = null;
  }

  legend() {
    const entries = this.header.legend.map(([name, colour]) => {
      const entry = document.createElement('span');
      const swatch = document.createElement('i');
      swatch.style.background = colour;
      entry.append(swatch, name);
      return entry;
    });
    this.root.querySelector('.legend').replaceChildren(...entries);
  }

  show(iteration) {
    this.iteration = iteration;
    this.slider.value = String(iteration);
    this.slider.setAttribute('aria-valuetext', iteration === 0 ? 'before the CRF' : `iteration ${iteration}`);
    this.output.textContent = iteration === 0 ? '0 · before the CRF' : `${iteration} of ${this.last}`;
    const key = `${this.content} ${iteration}`;
    if (this.drawn === key) return;
    this.drawn = key;
    this.parts.forEach((part) => this.draw(part, iteration));
    this.root.dataset.frames = String(Number(this.root.dataset.frames) + 1);
    this.root.dataset.iteration = String(iteration);
  }

  draw(part, iteration) {
    const { panel, offset, canvas, readout } = part;
    const frame = Math.min(iteration, panel.frames - 1);
    readout.textContent = panel.readouts[Math.min(iteration, panel.readouts.length - 1)] ?? '';
    if (part.painted === frame) return;
    part.painted = frame;
    const [height, width] = this.header.size;
    const image = new ImageData(width, height);
    const at = offset + frame * height * width;
    paint(image.data, this.photo, this.maps, at, this.header.size, this.header.colours, panel.shadow);
    canvas.getContext('2d').putImageData(image, 0, 0);
    canvas.setAttribute('aria-label', `${panel.title} ${panel.subtitle}, iteration ${frame}. ${readout.textContent}`);
  }

  step(iteration) {
    this.show(Math.max(0, Math.min(iteration, this.last)));
    clearTimeout(this.resting);
    if (!this.timer) this.resting = setTimeout(() => this.tell(), REST_MS);
  }

  tell() {
    if (this.told === this.iteration) return;
    this.told = this.iteration;
    this.root.dataset.updates = String(Number(this.root.dataset.updates) + 1);
    this.report(this.iteration);
  }

  start() {
    if (this.iteration === this.last) this.show(0);
    this.timer = setInterval(() => (this.iteration < this.last ? this.show(this.iteration + 1) : this.pause()), PLAY_MS);
    this.label();
  }

  pause() {
    if (!this.timer) return;
    this.stop();
    this.step(this.iteration);
  }

  stop() {
    clearInterval(this.timer);
    clearTimeout(this.resting);
    this.timer = null;
    this.label();
  }

  label() {
    this.play.textContent = this.timer ? '❚❚' : '▶';
    this.play.setAttribute('aria-label', this.timer ? 'Pause' : 'Play the iterations');
  }
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector('.scrub');
  root.scrubber ??= new Scrubber(root);
  root.scrubber.take(data, (iteration) => setStateValue('iteration', iteration));
  return () => root.scrubber.stop();
}
