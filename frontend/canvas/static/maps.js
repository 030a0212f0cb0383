// What a blob holds, and all that is computed from it once and kept: upsampled maps, bins, counts.

const MULTI_SCALE = 'MS';
const HIGHEST = 'highest score';
const KEPT = 64; // maps, of 750 kB at 500 × 375: a few classes of a usual strip

// The oldest entries go first.
class Kept {
  constructor(limit) {
    this.limit = limit;
    this.entries = new Map();
  }

  get(key, make) {
    let value = this.entries.get(key);
    if (value === undefined) {
      value = make();
      if (value === null) return null;
    } else {
      this.entries.delete(key);
    }
    this.entries.set(key, value);
    if (this.entries.size > this.limit) this.entries.delete(this.entries.keys().next().value);
    return value;
  }
}

function parseBlob(data) {
  const bytes = new Uint8Array(data); // a copy: its buffer starts where the blob does, so parts are aligned
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = 4 + length;
  const part = (place) => bytes.subarray(start + place.offset, start + place.offset + place.length);
  const halves = (place) => new Uint16Array(bytes.buffer, start + place.offset, place.length / 2);
  return { bytes, header, part, halves };
}

class Scene {
  constructor(count) {
    this.count = count;
    this.maps = new Kept(KEPT);
    this.bins = new Kept(KEPT);
    this.peaks = new Map();
    this.version = 0;
  }

  // Take a blob; maps that were there before keep what was computed from them, by their checksum.
  load(data) {
    const { bytes, header, part, halves } = parseBlob(data);
    Object.assign(this, { bytes, header, halves, layers: header.layers, H: header.size[0], W: header.size[1] });
    this.mask = header.mask ? part(header.mask) : null;
    this.photograph = part(header.photograph);
    this.columns = header.scales.map(String).concat(header.scales.length > 1 ? [MULTI_SCALE] : []);
    this.bins.entries.clear();
    this.codes = new Map();
    this.version++;
    // What is shown at one time must fit, or each frame would compute it anew.
    this.maps.limit = this.bins.limit = Math.max(KEPT, 2 * this.layers.length * this.columns.length);
    return header;
  }

  // Classes of all layers, the likeliest first: [name, score].
  ranked() {
    const best = new Map();
    for (const layer of this.layers) {
      layer.classes.forEach((name, k) => best.set(name, Math.max(layer.scores[k], best.get(name) ?? 0)));
    }
    return [...best].sort((a, b) => b[1] - a[1]);
  }

  // The class a layer shows: the wanted one, or its own likeliest when it does not know that.
  shown(layer, wanted) {
    const order = wanted === HIGHEST ? this.ranked().map(([name]) => name) : [wanted];
    const name = order.find((one) => layer.classes.includes(one));
    if (name !== undefined) return { index: layer.classes.indexOf(name), name, known: true };
    const index = layer.scores.indexOf(Math.max(...layer.scores));
    return { index, name: layer.classes[index] ?? '', known: false };
  }

  views(layer, column) {
    const flips = this.header.flip ? [false, true] : [false];
    const wanted = flips.map((flip) => layer.maps.find((m) => String(m.scale) === column && m.flip === flip));
    return wanted.every(Boolean) ? wanted : null;
  }

  coarse(layer, view, k) {
    const bits = this.halves(view);
    const cells = view.h * view.w;
    return decodeHalf(bits.subarray(k * cells, (k + 1) * cells));
  }

  // What a map depends on: the bytes behind it and its size.
  mapKey(layer, column, k) {
    const columns = column === MULTI_SCALE ? this.columns.slice(0, -1) : [column];
    const views = columns.map((one) => this.views(layer, one));
    if (!layer.classes.length || !views.every(Boolean)) return null;
    const bytes = views.flat().map((v) => `${v.scale}${v.flip}${v.crc}`);
    return [layer.key, k, column, this.H, this.W, ...bytes].join('|');
  }

  // ReLU'd map (H, W), the mean over its views, with its peak; null while views are missing.
  map(layer, column, k) {
    const key = this.mapKey(layer, column, k);
    const single = (one) => this.map(layer, one, k).raw;
    const make = () => {
      const raw = this.mean(layer, column, k, single);
      return { key, raw, peak: peakOf(raw) };
    };
    return key && this.maps.get(key, make);
  }

  // Mean over the views of a column; `single` gives the map of one scale.
  mean(layer, column, k, single = (one) => this.mean(layer, one, k)) {
    const raw = new Float32Array(this.H * this.W);
    if (column === MULTI_SCALE) {
      const singles = this.columns.slice(0, -1);
      for (const one of singles) addMap(raw, single(one));
      return divide(raw, singles.length);
    }
    const views = this.views(layer, column);
    for (const view of views) addRelu(raw, this.upsampled(layer, view, k));
    return divide(raw, views.length);
  }

  upsampled(layer, view, k) {
    this.count('upsamples');
    return upsample(this.coarse(layer, view, k), view.h, view.w, this.H, this.W);
  }

  // Peak of a map that need not be shown: known, or computed without keeping the map.
  peak(layer, column, k) {
    const key = this.mapKey(layer, column, k);
    if (key === null) return null;
    if (!this.peaks.has(key)) {
      const map = this.maps.entries.get(key) ?? { peak: peakOf(this.mean(layer, column, k)) };
      this.peaks.set(key, map.peak);
    }
    return this.peaks.get(key);
  }

  // Packed pixels (bin and what the ground truth says) of a normalised map, with their counts.
  binned(map, norm, label) {
    const key = `${map.key}|${norm.shift}|${norm.scale}|${label}`;
    return this.bins.get(key, () => {
      const packed = packPixels(binsOf(map.raw, norm), this.codesOf(label));
      return { key, packed, counts: countsOf(packed) };
    });
  }

  codesOf(label) {
    if (!this.codes.has(label)) this.codes.set(label, truthCodes(this.mask, label));
    return this.codes.get(label);
  }

  // Label of a class in the ground truth; 0 when there is none.
  label(name) {
    return this.mask ? this.header.mask_classes.indexOf(name) + 1 : 0;
  }

  // Mean ReLU'd logit of one class at one pixel, before normalisation.
  valueAt(layer, column, k, x, y) {
    const columns = column === MULTI_SCALE ? this.columns.slice(0, -1) : [column];
    const views = columns.map((one) => this.views(layer, one));
    if (!views.every(Boolean)) return null;
    const all = views.flat();
    const values = all.map((v) => sampleAt(this.coarse(layer, v, k), v.h, v.w, this.H, this.W, x, y));
    return values.reduce((sum, value) => sum + Math.max(value, 0), 0) / all.length;
  }
}
