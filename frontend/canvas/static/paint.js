// From packed pixels to colours: the only work while α, opacity or colours move.

const KEEP = 0x1000000; // flag of a look-up entry: the photograph stays as it is below it
const PLAIN = new Uint32Array(3 << 10).fill(KEEP);
const WHITE = 0xffffffff;
const BLACK = 0xff000000;
const INSIDE_COLOUR = [86, 180, 233];
const ERROR_COLOURS = { tp: [0, 158, 115], fp: [213, 94, 0], fn: [240, 228, 66] }; // Okabe and Ito

const decodedTables = new Map();

function colourTable(name) {
  if (!decodedTables.has(name)) {
    decodedTables.set(name, Uint8Array.from(COLOUR_TABLES[name].match(/../g), (pair) => parseInt(pair, 16)));
  }
  return decodedTables.get(name);
}

// Added to the photograph dimmed by (1 - opacity), no channel can overflow: one floors, the other rounds.
function packColour(r, g, b, opacity) {
  return Math.floor(r * opacity) | (Math.floor(g * opacity) << 8) | (Math.floor(b * opacity) << 16);
}

function heatLookup(name, opacity) {
  const table = colourTable(name);
  const lookup = new Uint32Array(3 << CODE_SHIFT);
  const last = table.length / 3 - 1;
  for (let bin = 0; bin <= STEPS + 1; bin++) {
    const at = 3 * Math.round((Math.min(bin, STEPS) / STEPS) * last);
    const colour = packColour(table[at], table[at + 1], table[at + 2], opacity);
    for (const code of [OTHER, OBJECT, IGNORED]) lookup[(code << CODE_SHIFT) | bin] = colour;
  }
  return lookup;
}

function maskLookup(edge, opacity) {
  const colour = packColour(...INSIDE_COLOUR, opacity);
  return lookupBy(() => colour, () => KEEP, edge);
}

function errorLookup(edge, opacity) {
  const { tp, fp, fn } = Object.fromEntries(
    Object.entries(ERROR_COLOURS).map(([name, colour]) => [name, packColour(...colour, opacity)]),
  );
  return lookupBy((code) => [fp, tp, KEEP][code], (code) => (code === OBJECT ? fn : KEEP), edge);
}

function lookupBy(inside, outside, edge) {
  const lookup = new Uint32Array(3 << CODE_SHIFT);
  for (const code of [OTHER, OBJECT, IGNORED]) {
    for (let bin = 0; bin <= STEPS + 1; bin++) {
      lookup[(code << CODE_SHIFT) | bin] = bin > edge ? inside(code) : outside(code);
    }
  }
  return lookup;
}

function makeLookup(overlay, colours, opacity, edge) {
  if (overlay === 'mask') return maskLookup(edge, opacity);
  if (overlay === 'errors') return errorLookup(edge, opacity);
  return heatLookup(colours, opacity);
}

// The photograph at a display size, whole and dimmed.
function dimmed(full, opacity) {
  const channel = Uint8Array.from({ length: 256 }, (_, v) => Math.round(v * (1 - opacity)));
  const out = new Uint32Array(full.length);
  for (let i = 0; i < full.length; i++) {
    const p = full[i];
    out[i] = BLACK | channel[p & 255] | (channel[(p >> 8) & 255] << 8) | (channel[(p >> 16) & 255] << 16);
  }
  return out;
}

// Columns x0 to x1 of a (h, w) picture.
function paintPixels(out, w, h, x0, x1, pixels, lookup, dim, full) {
  for (let y = 0; y < h; y++) {
    const end = y * w + x1;
    for (let i = y * w + x0; i < end; i++) {
      const colour = lookup[pixels[i]];
      out[i] = colour & KEEP ? full[i] : dim[i] + colour;
    }
  }
}

let crossings = new Int32Array(0);

// The line around all pixels above an edge: `width` pixels of `inner`, just inside, then as many of `outer`.
function paintContour(out, w, h, x0, x1, pixels, edge, width, inner = WHITE, outer = BLACK) {
  if (crossings.length < 4 * w * h) crossings = new Int32Array(4 * w * h);
  const found = findCrossings(crossings, w, h, x0, x1, pixels, edge);
  const area = { w, h, x0, x1 };
  stamp(out, area, pixels, edge, crossings, found, 2 * width, outer);
  stamp(out, area, pixels, edge, crossings, found, width, inner);
}

// Pairs (first pixel inside, step inwards) of every border between neighbours.
function findCrossings(list, w, h, x0, x1, pixels, edge) {
  let n = 0;
  const above = new Uint8Array(w);
  for (let x = x0; x < x1; x++) above[x] = (pixels[x] & BIN_MASK) > edge ? 1 : 0;
  for (let y = 0; y < h; y++) {
    let left = (pixels[y * w + x0] & BIN_MASK) > edge ? 1 : 0;
    for (let x = x0, i = y * w + x0; x < x1; x++, i++) {
      const here = (pixels[i] & BIN_MASK) > edge ? 1 : 0;
      if (here !== left) {
        list[n++] = here ? i : i - 1;
        list[n++] = here ? 1 : -1;
        left = here;
      }
      if (here !== above[x]) {
        list[n++] = here ? i : i - w;
        list[n++] = here ? w : -w;
        above[x] = here;
      }
    }
  }
  return n;
}

function stamp(out, { w, h, x0, x1 }, pixels, edge, list, n, width, colour) {
  for (let k = 0; k < n; k += 2) {
    const step = list[k + 1];
    let i = list[k];
    for (let depth = 0; depth < width; depth++, i += step) {
      const x = i % w;
      if (i < 0 || i >= w * h || x < x0 || x >= x1 || (pixels[i] & BIN_MASK) <= edge) break;
      out[i] = colour;
    }
  }
}

// Signed difference of two normalised maps as bins 0 … 1000 about zero at 500, over ±range.
function differenceBins(a, normA, b, normB, range) {
  const out = new Uint16Array(a.length);
  const scale = STEPS / (2 * range);
  for (let i = 0; i < a.length; i++) {
    const d = normalised(a[i], normA) - normalised(b[i], normB);
    out[i] = Math.max(0, Math.min(STEPS, Math.round(d * scale + STEPS / 2)));
  }
  return out;
}

// The largest |A - B|, rounded up to a multiple of 0.05 for a scale that is easy to read.
function differenceRange(a, normA, b, normB) {
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(normalised(a[i], normA) - normalised(b[i], normB));
    if (d > most) most = d;
  }
  return Math.max(0.05, Math.ceil(most * 20 - 1e-6) / 20);
}
