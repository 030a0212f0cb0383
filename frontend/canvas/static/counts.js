// Counts behind the figures under a tile: pixels above every α, apart by what the ground truth says.

const OTHER = 0; // another class, background, or no ground truth at all
const OBJECT = 1; // the shown class
const IGNORED = 2; // label 255: counts nowhere
const IGNORE_LABEL = 255;
const CODE_SHIFT = 10; // a packed pixel is code << 10 | bin
const BIN_MASK = (1 << CODE_SHIFT) - 1;

// What the ground truth says of every pixel about one class; null where it cannot say anything.
function truthCodes(mask, label) {
  if (!mask || label < 1) return null;
  const codes = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    codes[i] = mask[i] === label ? OBJECT : mask[i] === IGNORE_LABEL ? IGNORED : OTHER;
  }
  return codes;
}

// Share of the pixels that are of the class.
function shareOf(codes) {
  let objects = 0;
  for (let i = 0; i < codes.length; i++) if (codes[i] === OBJECT) objects++;
  return objects / codes.length;
}

function packPixels(bins, codes) {
  if (codes) for (let i = 0; i < bins.length; i++) bins[i] |= codes[i] << CODE_SHIFT;
  return bins;
}

// above[code][j]: pixels of a code whose value is above EDGES[j]; all[code]: its pixels.
function countsOf(packed) {
  const histogram = new Uint32Array(3 << CODE_SHIFT);
  for (let i = 0; i < packed.length; i++) histogram[packed[i]]++;
  const above = [OTHER, OBJECT, IGNORED].map((code) => tail(histogram.subarray(code << CODE_SHIFT)));
  const all = above.map((counts, code) => counts[0] + histogram[code << CODE_SHIFT]);
  return { above, all, pixels: packed.length };
}

function tail(histogram) {
  const out = new Uint32Array(STEPS + 1);
  let sum = 0;
  for (let j = STEPS; j >= 0; j--) {
    sum += histogram[j + 1];
    out[j] = sum;
  }
  return out;
}

// Area above α as a fraction of all pixels; IoU, FN/TP, FP/TP of the class, null where undefined.
function figuresAt(counts, edge, judged) {
  const above = counts.above.map((one) => one[edge]);
  const area = (above[OTHER] + above[OBJECT] + above[IGNORED]) / counts.pixels;
  if (!judged) return { area };
  const tp = above[OBJECT];
  const fp = above[OTHER];
  const fn = counts.all[OBJECT] - tp;
  const ratio = (a, b) => (b > 0 ? a / b : null);
  return { area, tp, fp, fn, iou: ratio(tp, tp + fp + fn), fnOverTp: ratio(fn, tp), fpOverTp: ratio(fp, tp) };
}

// Overlap of two masks at one α: both empty is undefined.
function overlapAt(a, b, edge) {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    const inA = (a[i] & BIN_MASK) > edge;
    const inB = (b[i] & BIN_MASK) > edge;
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return either > 0 ? both / either : null;
}
