"use strict";
// The page is complete without this: it only adds search, figures on demand, zoom and keys.
const byId = (id) => document.getElementById(id);
const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
const make = (tag, attributes = {}, ...children) => {
  const one = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) one.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) one.setAttribute(name, value);
  }
  one.append(...children); // text stays text: nothing here ever parses markup
  return one;
};
const searchers = []; // functions (words) -> how many are left; each part of the page adds its own

// Themes: the system's, or one that was chosen and is kept where the browser allows it.
const THEMES = ["system", "light", "dark"];
const kept = { get: () => { try { return localStorage.getItem("holdfast-theme"); } catch { return null; } },
  set: (value) => { try { localStorage.setItem("holdfast-theme", value); } catch { /* a file of its own origin */ } } };
function setTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId("theme").firstElementChild.textContent = theme;
}
let theme = THEMES.includes(kept.get()) ? kept.get() : "system";
setTheme(theme);
function nextTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  kept.set(theme);
  setTheme(theme);
}
byId("theme").addEventListener("click", nextTheme);
byId("keys").addEventListener("click", () => byId("help").showModal());
for (const one of all(".switches, .find, .scripted")) one.hidden = false;

// Commands to copy.
function makeCopy(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    let done = true;
    try { await navigator.clipboard.writeText(code.textContent); } catch {
      getSelection().selectAllChildren(code); // no clipboard here: one key is left to press
      done = false;
    }
    button.textContent = done ? "Copied" : "Selected";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
all(".copy").forEach(makeCopy);
function command(text) {
  const button = make("button", { type: "button", class: "copy", "aria-label": "Copy the command" }, "Copy");
  const box = make("div", { class: "command" }, make("pre", {}, make("code", {}, text)), button);
  makeCopy(button);
  return box;
}

// A page that lies around speaks of an old day.
const stale = byId("stale");
if (stale.dataset.newest) {
  const days = Math.floor((Date.now() - Date.parse(stale.dataset.newest)) / 864e5);
  if (days >= 2) {
    stale.textContent = `The newest run is ${days} days old: “yesterday” is the day before that run.`;
    stale.hidden = false;
  }
}

// Kinds: chips over what needs a look, where there are several.
let kind = "";
const looks = all(".look");
const kinds = [...new Set(looks.map((one) => one.dataset.kind))];
if (kinds.length > 1 && looks.length > 4) { // fewer are seen at a glance
  const chips = byId("kinds");
  for (const name of ["", ...kinds]) {
    const number = name ? looks.filter((one) => one.dataset.kind === name).length : looks.length;
    const chip = make("button", { type: "button", "aria-pressed": String(name === kind) }, `${name || "All"} ${number}`);
    chip.addEventListener("click", () => {
      kind = name;
      for (const other of chips.children) other.setAttribute("aria-pressed", String(other === chip));
      searchNow();
    });
    chips.append(chip);
  }
  chips.hidden = false;
}

// Search: everything that names itself by data-find, and the table of series.
const findable = all("[data-find]").map((one) => [one, `${one.dataset.find} ${one.dataset.kind || ""}`.toLowerCase()]);
searchers.push((words) => {
  let left = 0;
  for (const [one, text] of findable) {
    const shown = words.every((word) => text.includes(word)) && (!kind || !one.matches(".look") || one.dataset.kind === kind);
    one.hidden = !shown;
    left += shown;
  }
  return left;
});
const find = byId("find") || make("input"); // a page of an empty store has none
function searchNow() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const left = searchers.map((one) => one(words)).reduce((sum, one) => sum + one, 0);
  byId("found").textContent = words.length ? `${left.toLocaleString("en").replaceAll(",", "\u202f")} found` : "";
  if (words.length) for (const one of all("details.more")) one.open = true;
}
let asked = 0;
find.addEventListener("input", () => {
  cancelAnimationFrame(asked);
  asked = requestAnimationFrame(searchNow);
});

// Zoom: a figure's viewBox, by wheel (over a focused figure, or with Ctrl), drag, keys and buttons.
const ZOOM_STEP = 1.3, ZOOM_MOST = 20;
function makeZoom(box, { say } = {}) {
  const svg = box.querySelector("svg");
  const whole = svg.viewBox.baseVal;
  const home = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
  let at = { ...home };
  const show = () => {
    at.w = Math.min(home.w, Math.max(home.w / ZOOM_MOST, at.w));
    at.h = at.w * home.h / home.w;
    at.x = Math.min(home.x + home.w - at.w, Math.max(home.x, at.x));
    at.y = Math.min(home.y + home.h - at.h, Math.max(home.y, at.y));
    svg.setAttribute("viewBox", [at.x, at.y, at.w, at.h].map((one) => +one.toFixed(3)).join(" "));
    svg.style.setProperty("--k", at.w / home.w);
    box.classList.toggle("in", at.w < home.w);
  };
  // Keys and buttons go towards the line in the middle of what is seen, not to an empty middle.
  const line = svg.querySelector("polyline");
  const lineAt = () => {
    const corners = line ? Array.from(line.points) : [], middle = at.x + at.w / 2;
    const right = corners.findIndex((one) => one.x >= middle), [a, b] = [corners[right - 1], corners[right]];
    if (!a) return 0.5;
    const y = a.y + (b.y - a.y) * (middle - a.x) / (b.x - a.x || 1);
    return Math.min(Math.max((y - at.y) / at.h, 0), 1);
  };
  const by = (factor, sx = 0.5, sy = lineAt()) => {
    const w = Math.min(home.w, Math.max(home.w / ZOOM_MOST, at.w / factor)), h = w * home.h / home.w;
    at = { x: at.x + (at.w - w) * sx, y: at.y + (at.h - h) * sy, w, h };
    show();
  };
  const move = (dx, dy) => { at.x += dx * at.w; at.y += dy * at.h; show(); };
  const reset = () => { at = { ...home }; show(); };
  const share = (event) => {
    const rect = svg.getBoundingClientRect();
    return [(event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height];
  };
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Figure: plus and minus zoom, arrow keys move, 0 shows the whole");
  box.addEventListener("keydown", (event) => {
    const acts = { "+": () => by(ZOOM_STEP), "=": () => by(ZOOM_STEP), "-": () => by(1 / ZOOM_STEP), 0: reset,
      ArrowLeft: () => move(-0.15, 0), ArrowRight: () => move(0.15, 0), ArrowUp: () => move(0, -0.15), ArrowDown: () => move(0, 0.15) };
    if (acts[event.key] && !event.ctrlKey && !event.metaKey) { event.preventDefault(); acts[event.key](); }
  });
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== box) return; // the page scrolls past
    event.preventDefault();
    by(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, ...share(event));
  }, { passive: false });
  svg.addEventListener("dblclick", reset);
  let drag = null;
  svg.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" && at.w >= home.w) return; // a finger scrolls the page
    drag = { from: share(event), at: { ...at }, pick: null };
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [sx, sy] = share(event);
    if (drag.at.w < home.w) {
      at.x = drag.at.x - (sx - drag.from[0]) * at.w;
      at.y = drag.at.y - (sy - drag.from[1]) * at.h;
      show();
    } else {
      drag.pick ??= box.appendChild(make("div", { class: "pick" }));
      const [low, high] = [Math.min(sx, drag.from[0]), Math.max(sx, drag.from[0])];
      drag.pick.style.left = `${100 * low}%`;
      drag.pick.style.width = `${100 * (high - low)}%`;
      drag.pick.style.height = `${svg.getBoundingClientRect().height}px`;
    }
  });
  svg.addEventListener("pointerup", (event) => {
    if (drag?.pick) {
      const sx = share(event)[0], low = Math.min(sx, drag.from[0]), wide = Math.abs(sx - drag.from[0]);
      drag.pick.remove();
      if (wide > 0.02) {
        const w = home.w * wide, h = w * home.h / home.w;
        at = { x: home.x + low * home.w, y: home.y + Math.max(0, drag.from[1] * home.h - h / 2), w, h };
        show();
      }
    }
    drag = null;
  });
  svg.addEventListener("pointercancel", () => { drag?.pick?.remove(); drag = null; });
  const said = make("output", { "aria-live": "off" });
  const keys = make("div", { class: "zoom-keys" }, said);
  for (const [text, label, act] of [["+", "Closer", () => by(ZOOM_STEP)], ["−", "Wider", () => by(1 / ZOOM_STEP)], ["Reset", "Show the whole figure", reset]]) {
    const button = make("button", { type: "button", "aria-label": label }, text);
    button.addEventListener("click", act);
    keys.append(button);
  }
  const small = box.matches(".small"); // its buttons are seen while it has the focus
  if (small) for (const button of keys.children) button.tabIndex = -1; // Tab passes dozens of them by
  if (small) box.append(keys);
  else box.after(keys);
  if (say) svg.addEventListener("pointermove", (event) => {
    const [sx, sy] = share(event);
    said.textContent = drag ? "" : say(at.x + sx * at.w, at.y + sy * at.h);
  });
}
for (const one of all(".zoom")) makeZoom(one);

// A link into something folded opens it.
function unfold() {
  const target = location.hash.length > 1 && byId(location.hash.slice(1));
  if (!target) return;
  for (let one = target.closest("details:not([open])"); one; one = one.parentElement.closest("details:not([open])")) one.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", unfold);
unfold();

// Keys. A "stop" is what j and k go through: findings, regressions, rows.
function stops() { return all("[data-stop]").filter((one) => one.offsetParent !== null); }
function step(by) {
  const every = stops();
  const here = document.activeElement?.closest("[data-stop]");
  let next = here ? every.indexOf(here) + by : -1;
  if (!here) { // begin with what is in sight
    const top = 60;
    next = every.findIndex((one) => one.getBoundingClientRect().top >= top);
    if (by < 0) next -= 1;
  }
  const one = every[Math.min(Math.max(next, 0), every.length - 1)];
  if (!one) return;
  one.focus({ preventScroll: true });
  one.scrollIntoView({ block: "nearest" });
}
function toggle() {
  const here = document.activeElement;
  if (!here?.matches("[data-stop]")) return false;
  const button = here.querySelector(".open-row");
  const details = here.querySelector("details");
  if (button) button.click();
  else if (details) details.open = !details.open;
  return Boolean(button || details);
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape" && event.target === find) {
    find.value = "";
    searchNow();
    find.blur();
    return;
  }
  if (typing || byId("help").open) return;
  if (event.key === "Enter") { if (toggle()) event.preventDefault(); return; }
  const acts = { "/": () => find.focus(), j: () => step(1), k: () => step(-1), t: nextTheme, "?": () => byId("help").showModal() };
  if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
});
