// What every drawing and table of numbers shares.
const THIN = "\u202f", ABSENT = "\u2013";

// Numbers as the rest of the page writes them (reports/quantities.py).
const STEPS = { s: [[1e-9, "ns"], [1e-6, "\u00b5s"], [1e-3, "ms"], [1, "s"], [60, "min"]] };
STEPS.B = STEPS.bytes = [[1, "B"], [1024, "KiB"], [1024 ** 2, "MiB"], [1024 ** 3, "GiB"]];
// As Python rounds: a half goes to the even neighbour, where toFixed takes the larger.
function fixed(value, digits) {
  const scaled = value * 10 ** digits, whole = Math.floor(scaled);
  return scaled - whole === 0.5 && whole % 2 === 0 ? (whole / 10 ** digits).toFixed(digits) : value.toFixed(digits);
}
function number(value) {
  const size = Math.abs(value), sign = value < 0 ? "\u2212" : "";
  if (size === 0) return "0";
  if (size >= 1e15 || size < 1e-3) return sign + size.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
  if (Number.isInteger(size) || size >= 1000) return sign + fixed(size, 0).replace(/\B(?=(\d{3})+$)/g, THIN);
  return sign + fixed(size, 2 - Math.floor(Math.log10(size)));
}
function quantity(value, unit) {
  if (unit === "x") return `${number(value)}${THIN}\u00d7`;
  const fitting = (STEPS[unit] || []).filter(([factor]) => Math.abs(value) >= factor);
  const [factor, label] = fitting.at(-1) || (STEPS[unit] || [[1, unit]])[0];
  return `${number(value / factor)}${THIN}${label}`.trim();
}
function percent(change, signed = true) {
  if (change === null) return ABSENT;
  const size = Math.abs(change) * 100;
  const text = fixed(size, size >= 10 || size === 0 ? 0 : 1);
  if (Number(text) === 0) return `0${THIN}%`;
  return `${signed ? (change < 0 ? "\u2212" : "+") : ""}${text}${THIN}%`;
}

// SVG.
const svg = (tag, attributes, ...children) => {
  const one = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  one.append(...children);
  return one;
};
const short = (value) => +value.toFixed(2);

function ticksOf(low, high) {
  const rough = (high - low) / 4 || Math.abs(high) || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= rough) * power;
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high && found.length < 8; at += 1) found.push(at * step);
  return [found, Math.min(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) + (step / power === 2.5 ? 1 : 0), 12)];
}
