"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const copy = $("copy");
  if (copy) copy.addEventListener("click", async () => {
    const line = $("command");
    getSelection().selectAllChildren(line);
    let done = false;
    try { await navigator.clipboard.writeText(line.textContent); done = true; }
    catch { done = document.execCommand("copy"); }
    copy.textContent = done ? "Copied" : "Selected";
  });
  if (!$("steps")) { document.documentElement.dataset.ready = "0 ms"; return; }  // nothing recorded
  const steps = $("steps"), board = $("board"), stage = $("stage"), wires = $("wires"), more = $("more");
  const rows = [...steps.querySelectorAll(".step")];
  rows.forEach((row, at) => { row.at = at; });
  const byId = new Map(rows.map((row) => [Number(row.dataset.i), row]));
  const SVG = "http://www.w3.org/2000/svg";
  let zoom = 1, picked = null;

  const shown = (row) => steps.classList.contains("all") || !row.classList.contains("minor");
  const visible = () => rows.filter(shown);

  // An arrow to a step that is not shown goes to the nearest one of the same task that is.
  const near = (row, step) => {
    let at = row.at;
    while (at >= 0 && at < rows.length) {
      if (rows[at].dataset.task === row.dataset.task && shown(rows[at])) return rows[at];
      at += step;
    }
    return null;
  };

  const make = (name, attributes, parent) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.append(node);
    return node;
  };

  const fit = () => {
    const lanes = Number(steps.classList.contains("all") ? board.dataset.every : board.dataset.lanes);
    board.style.setProperty("--lanes", lanes);
    // The layout is that of 100 %: zooming in makes it larger, and the box scrolls.
    const room = $("scroll").clientWidth, em = parseFloat(getComputedStyle(board).fontSize) / zoom;
    const source = window.innerWidth > 800 ? 23 * em : 0;
    const wide = lanes > 1 ? (room - 4.2 * em - source - 17 * em) / (lanes - 1) : room;
    const lane = Math.max(1.1 * em, Math.min(wide, 12 * em));
    const narrow = lane < 5.2 * em;
    stage.classList.toggle("narrow", narrow);
    const fits = narrow ? Math.min(1.5 * em, Math.max(0.35 * em, room * 0.3 / lanes)) : lane;
    stage.style.setProperty("--lane", `${fits * zoom}px`);
    draw();
  };

  const draw = () => {
    wires.replaceChildren();
    const list = visible();
    if (!list.length) return;
    const base = steps.getBoundingClientRect();
    const spots = new Map(list.map((row) => {
      const box = row.querySelector(".dot").getBoundingClientRect();
      return [row, [box.left - base.left + box.width / 2, box.top - base.top + box.height / 2]];
    }));
    wires.setAttribute("width", steps.scrollWidth);
    wires.setAttribute("height", steps.scrollHeight);
    const defs = make("defs", {}, wires);
    const tip = make("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7,
      markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" }, defs);
    make("path", { d: "M0 0 8 4 0 8z" }, tip);
    const last = new Map();
    for (const row of list) {  // a lifeline, dashed where its task waits
      const [x, y] = spots.get(row), before = last.get(row.dataset.task);
      if (before) {
        const [x0, y0] = spots.get(before);
        const stuck = before.classList.contains("wait") ? "life stuck" : "life";
        make("line", { x1: x0, y1: y0, x2: x, y2: y, class: stuck }, wires);
      }
      last.set(row.dataset.task, row);
    }
    const seen = new Set();
    for (const row of rows) {
      for (const [from, label] of after(row)) {
        const source = byId.has(from) ? near(byId.get(from), -1) : null, target = near(row, 1);
        if (!source || !target || source === target) continue;
        const key = `${source.dataset.i} ${target.dataset.i}`;
        if (seen.has(key) || source.at > target.at) continue;
        seen.add(key);
        arrow(spots.get(source), spots.get(target), picked && (picked === source || picked === target), label);
      }
    }
  };

  const after = (row) => (row.dataset.after ? JSON.parse(row.dataset.after) : []);

  const arrow = ([x1, y1], [x2, y2], on, label) => {
    const side = Math.sign(x2 - x1) || 1, end = x2 - side * 6, mid = (y2 - y1) * 0.5;
    const path = make("path", {
      d: `M${x1} ${y1 + 5}C${x1} ${y1 + mid} ${end - side * 14} ${y2} ${end} ${y2}`,
      "marker-end": "url(#tip)",
    }, wires);
    if (!on) return;
    path.classList.add("on");
    const text = make("text", { x: (x1 + x2) / 2 + 6, y: (y1 + y2) / 2 }, wires);
    text.textContent = label;
  };

  const field = (list, name, ...values) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.append(...values);
    list.append(dt, dd);
  };

  const link = (row, words) => {
    const a = document.createElement("a");
    a.href = `#${row.id}`;
    a.textContent = words;
    return a;
  };

  const tell = (row) => {
    const data = row.dataset, title = document.createElement("h3"), list = document.createElement("dl");
    title.textContent = data.say;
    field(list, "Who", data.name);
    if (data.value) field(list, data.kind === "write" ? "Writes" : "Sees", data.value);
    if (data.target) field(list, "Object", data.target);
    field(list, "Holds", data.held || "no lock");
    for (const [from, label] of after(row)) {
      const source = byId.get(from) && near(byId.get(from), -1);
      if (source) field(list, "Comes after", link(source, source.dataset.say), ` (${label})`);
    }
    for (const other of rows) {
      for (const [from, label] of after(other)) {
        const target = from === Number(data.i) && near(other, 1);
        if (target) field(list, "Comes before", link(target, target.dataset.say), ` (${label})`);
      }
    }
    if (data.through) field(list, "Inside", data.through);
    const site = $(`site${data.site}`);
    $("what").replaceChildren(title, list, ...(site ? [site.content.cloneNode(true)] : []));
    more.classList.remove("empty");
  };

  const pick = (row, scroll) => {
    if (picked) picked.setAttribute("aria-selected", "false");
    picked = row;
    if (!row) { more.classList.add("empty"); steps.removeAttribute("aria-activedescendant"); draw(); return; }
    row.setAttribute("aria-selected", "true");
    steps.setAttribute("aria-activedescendant", row.id);
    tell(row);
    draw();
    if (scroll) row.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  const move = (step, same) => {
    const list = visible().filter((row) => !same || !picked || row.dataset.task === picked.dataset.task);
    const at = list.indexOf(picked);
    const next = at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.max(0, Math.min(list.length - 1, at + step));
    pick(list[next], true);
  };

  const scale = (factor) => {
    zoom = factor ? Math.max(0.6, Math.min(2.2, zoom * factor)) : 1;
    document.documentElement.style.setProperty("--zoom", zoom);
    $("zoomed").textContent = `${Math.round(zoom * 100)} %`;
    fit();
  };

  const all = (on) => {
    $("all").checked = on;
    steps.classList.toggle("all", on);
    board.classList.toggle("whole", on);
    if (picked && !shown(picked)) pick(null);
    fit();
  };

  const go = (id) => {
    const row = id && id.startsWith("step") ? $(id) : null;
    if (!row || !row.classList.contains("step")) return false;
    if (!shown(row)) all(true);
    pick(row, true);
    return true;
  };

  $("all").addEventListener("change", (event) => all(event.target.checked));
  $("arrows").addEventListener("change", (event) => stage.classList.toggle("no-arrows", !event.target.checked));
  $("closer").addEventListener("click", () => scale(1.2));
  $("farther").addEventListener("click", () => scale(1 / 1.2));
  $("close").addEventListener("click", () => pick(null));
  steps.addEventListener("click", (event) => {
    const gap = event.target.closest(".gap"), row = event.target.closest(".step");
    if (gap) all(true);
    else if (row) pick(row);
  });
  // Hovering tells what a step is until one is picked.
  steps.addEventListener("mouseover", (event) => {
    const row = event.target.closest(".step");
    if (row && !picked && window.innerWidth > 1200) tell(row);
  });
  document.addEventListener("click", (event) => {
    const a = event.target.closest("a[href^='#step']");
    if (a && go(a.getAttribute("href").slice(1))) { event.preventDefault(); steps.focus({ preventScroll: true }); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=text]")) return;
    const inside = steps.contains(document.activeElement) || document.activeElement === document.body;
    const does = {
      ArrowDown: () => move(1), ArrowUp: () => move(-1), ArrowRight: () => move(1, true),
      ArrowLeft: () => move(-1, true), Home: () => move(-rows.length), End: () => move(rows.length),
    }[event.key];
    if (does && inside) { event.preventDefault(); steps.focus({ preventScroll: true }); does(); }
    else if (event.key === "+" || event.key === "=") scale(1.2);
    else if (event.key === "-") scale(1 / 1.2);
    else if (event.key === "0") scale(0);
    else if (event.key === "a") all(!steps.classList.contains("all"));
    else if (event.key === "Escape") pick(null);
  });
  window.addEventListener("resize", fit);
  window.addEventListener("hashchange", () => go(location.hash.slice(1)));
  fit();
  go(location.hash.slice(1));
  document.documentElement.dataset.ready = `${Math.round(performance.now())} ms`;
})();
