// From float16 logits to normalised maps: the same arithmetic, in the same float32 steps, as ssenet.render.

const EPSILON = Math.fround(1e-5); // ε of Eq. 3
const STEPS = 1000;
// α moves on these edges only, so that a pixel's bin tells on which side of every α it lies.
const EDGES = Float32Array.from({ length: STEPS + 1 }, (_, i) => i / STEPS);

// Value of every float16, by its bits.
const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
});

function decodeHalf(bits) {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = HALVES[bits[i]];
  return out;
}

// Bilinear weights along one axis, align_corners=False: between `low` and `high`, `fraction` from low.
function axisWeights(source, target) {
  const low = new Int32Array(target);
  const high = new Int32Array(target);
  const fraction = new Float32Array(target);
  for (let i = 0; i < target; i++) {
    const centre = Math.max((i + 0.5) * (source / target) - 0.5, 0);
    low[i] = Math.min(Math.floor(centre), source - 1);
    high[i] = Math.min(low[i] + 1, source - 1);
    fraction[i] = centre - low[i];
  }
  return { low, high, fraction };
}

// Coarse (h, w) to (H, W).
function upsample(coarse, h, w, H, W, out = new Float32Array(H * W)) {
  const rows = axisWeights(h, H);
  const wide = stretchRows(coarse, h, w, W);
  for (let y = 0, i = 0; y < H; y++) {
    const f = rows.fraction[y];
    let a = rows.low[y] * W;
    let b = rows.high[y] * W;
    for (const end = i + W; i < end; i++, a++, b++) out[i] = wide[a] + (wide[b] - wide[a]) * f;
  }
  return out;
}

function stretchRows(coarse, h, w, W) {
  const { low, high, fraction } = axisWeights(w, W);
  const out = new Float32Array(h * W);
  for (let y = 0, i = 0; y < h; y++) {
    const row = y * w;
    for (let x = 0; x < W; x++, i++) {
      const left = coarse[row + low[x]];
      out[i] = left + (coarse[row + high[x]] - left) * fraction[x];
    }
  }
  return out;
}

// Value at pixel (x, y) of the (H, W) map, without making the map.
function sampleAt(coarse, h, w, H, W, x, y) {
  const cy = Math.max((y + 0.5) * (h / H) - 0.5, 0);
  const cx = Math.max((x + 0.5) * (w / W) - 0.5, 0);
  const y0 = Math.min(Math.floor(cy), h - 1);
  const x0 = Math.min(Math.floor(cx), w - 1);
  const y1 = Math.min(y0 + 1, h - 1);
  const x1 = Math.min(x0 + 1, w - 1);
  const top = coarse[y0 * w + x0] + (coarse[y0 * w + x1] - coarse[y0 * w + x0]) * (cx - x0);
  const below = coarse[y1 * w + x0] + (coarse[y1 * w + x1] - coarse[y1 * w + x0]) * (cx - x0);
  return top + (below - top) * (cy - y0);
}

// ReLU, then add to a running sum.
function addRelu(total, map) {
  for (let i = 0; i < total.length; i++) if (map[i] > 0) total[i] += map[i];
}

function addMap(total, map) {
  for (let i = 0; i < total.length; i++) total[i] += map[i];
}

function divide(map, by) {
  if (by !== 1) for (let i = 0; i < map.length; i++) map[i] /= by;
  return map;
}

function peakOf(map) {
  let peak = -Infinity;
  for (let i = 0; i < map.length; i++) if (map[i] > peak) peak = map[i];
  return peak;
}

// The three normalisations are one formula: ReLU(y - shift) / scale.
function normalisation(how, peak, sharedPeak) {
  if (how === 'eq3') return { shift: EPSILON, scale: Math.fround(Math.fround(peak) + EPSILON) };
  if (how === 'shared') return { shift: 0, scale: Math.fround(Math.fround(sharedPeak) + EPSILON) };
  return { shift: 0, scale: 1 };
}

function normalised(value, { shift, scale }) {
  const kept = Math.fround(value - shift);
  return kept > 0 ? Math.fround(kept / scale) : 0;
}

function normaliseMap(map, norm) {
  const out = new Float32Array(map.length);
  for (let i = 0; i < map.length; i++) out[i] = normalised(map[i], norm);
  return out;
}

// How many edges lie strictly below a value: it is above α = EDGES[j] exactly when its bin > j.
function binOf(value) {
  if (!(value > 0)) return 0;
  if (value > 1) return STEPS + 1;
  let bin = Math.ceil(value * STEPS);
  while (bin > 0 && EDGES[bin - 1] >= value) bin--;
  while (bin <= STEPS && EDGES[bin] < value) bin++;
  return bin;
}

function binsOf(map, norm) {
  const bins = new Uint16Array(map.length);
  for (let i = 0; i < map.length; i++) bins[i] = binOf(normalised(map[i], norm));
  return bins;
}

function edgeIndex(alpha) {
  return Math.max(0, Math.min(STEPS, Math.round(alpha * STEPS)));
}
