// Small help with elements and words.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function columnTitle(column) {
  return column === MULTI_SCALE ? 'multi-scale' : `scale ${column}`;
}

function percent(fraction) {
  return `${(100 * fraction).toFixed(1)} %`;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}

// A function that runs once, `wait` milliseconds after its last call.
function settledAfter(wait, act) {
  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
