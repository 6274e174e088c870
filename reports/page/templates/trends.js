// Every series: rows as they are looked at, curves from data when a row is opened.
(() => {
  const source = byId("series-table");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const rows = data.name.length;
  const chunks = all(".series-chunk");
  const read = new Map();
  const BATCH = 60, PRINTED = 1000, EDGE_PX = 900;

  const split = (name) => { const at = name.lastIndexOf("::"); return at < 0 ? ["", name] : [name.slice(0, at), name.slice(at + 2)]; };
  const groupOf = (name) => split(name)[0] || name.split(/[.[/ ]/, 1)[0];
  const groups = data.name.map(groupOf);
  const texts = data.name.map((name, at) => `${name} ${data.metrics[data.metric[at]]} ${data.envs[data.env[at]]} benchmarks`.toLowerCase());
  const gone = new Set(data.gone);
  const UNSTABLE = "unstable", GONE = "gone";

  function curveOf(at) {
    const place = Math.floor(at / data.chunk);
    if (!read.has(place)) read.set(place, JSON.parse(chunks[place].textContent));
    return read.get(place)[at % data.chunk];
  }
  const labelOf = (curve, at) => data.codes[Array.isArray(curve.a) ? curve.a[at] : curve.a.from + at];
  const placeOf = (curve, at) => (curve.x ? curve.x[at] : at);

  function sparkline(curve) {
    const values = curve.p.slice(-60);
    if (values.length < 2) return "";
    const low = Math.min(...values), span = Math.max(...values) - low;
    const points = values.map((value, at) => `${short(100 * at / (values.length - 1))},${span > 0 ? short(22 - 20 * (value - low) / span) : 12}`);
    return svg("svg", { class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("polyline", { points: points.join(" ") }));
  }

  const W = 640, H = 250, LEFT = 54, RIGHT = 20, TOP = 26, BOTTOM = 34, LABEL_PX = 72;
  function draw(curve, words, title) {
    const [factor, unit] = curve.u, total = curve.n || curve.p.length;
    const before = curve.e === undefined ? null : curveOf(curve.e);
    const past = before ? before.p.slice(-40) : [];
    const heights = [...curve.p, ...past, ...(curve.r || []).flat(), ...(curve.l || []).flatMap((one) => [one[2], one[3]])];
    let low = Math.min(...heights), high = Math.max(...heights);
    const room = (high - low) * 0.12 || Math.abs(high) * 0.1 || 1;
    low -= room; high += room;
    const left = -past.length - 0.6, right = total - 0.4;
    const px = (at) => LEFT + (W - LEFT - RIGHT) * (at - left) / (right - left);
    const py = (value) => Math.min(Math.max(H - BOTTOM - (H - BOTTOM - TOP) * (value - low) / (high - low), TOP - 8), H - BOTTOM + 8);
    const figure = svg("svg", { class: "trend", viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title}. ${words}` }, svg("title", {}, title), svg("desc", {}, words));
    const put = (tag, attributes, ...inside) => figure.append(svg(tag, attributes, ...inside));
    const [ticks, digits] = ticksOf(low / factor, high / factor);
    for (const tick of ticks) {
      const y = short(py(tick * factor));
      put("line", { class: "t-grid", x1: LEFT, x2: W - RIGHT, y1: y, y2: y });
      const written = Math.abs(tick) >= 1e6 || (tick !== 0 && Math.abs(tick) < 1e-3) ? number(tick) : tick.toFixed(digits);
      put("text", { x: LEFT - 7, y: y + 4, "text-anchor": "end" }, written.replace("-", "\u2212"));
    }
    put("text", { x: LEFT - 7, y: 12, "text-anchor": "end" }, unit);
    for (const [start, end, first, last] of curve.l || []) {
      const [x1, x2] = [px(start - 0.5), px(end + 0.5)].map(short);
      const corners = [[x1, first + curve.b], [x2, last + curve.b], [x2, last - curve.b], [x1, first - curve.b]];
      put("polygon", { class: "t-band", points: corners.map(([x, value]) => `${x},${short(py(value))}`).join(" ") });
      put("line", { class: "t-level", x1, x2, y1: short(py(first)), y2: short(py(last)) });
    }
    past.forEach((value, at) => put("circle", { class: "t-before", cx: short(px(at - past.length)), cy: short(py(value)), r: 2.2 }));
    if (past.length) {
      const x = short(px(-0.5));
      put("line", { class: "t-rule", x1: x, x2: x, y1: TOP, y2: H - BOTTOM });
      put("text", { x: x - 5, y: TOP - 10, "text-anchor": "end" }, "other machine");
    }
    if (curve.s) {
      const x = short(px(curve.s - 0.5));
      put("line", { class: "t-rule", x1: x, x2: x, y1: TOP, y2: H - BOTTOM });
      put("text", { x: x + 5, y: TOP - 10 }, "judged from here");
    }
    const points = curve.p.map((value, at) => [short(px(placeOf(curve, at))), short(py(value))]);
    (curve.r || []).forEach(([least, most], at) => put("line", { class: "t-runs", x1: points[at][0], x2: points[at][0], y1: short(py(least)), y2: short(py(most)) }));
    put("polyline", { class: "t-line", points: points.map((one) => one.join(",")).join(" ") });
    const radius = points.length <= 60 ? 2.6 : 1.7;
    points.forEach(([cx, cy]) => put("circle", { class: "t-dot", cx, cy, r: radius }));
    for (const spike of curve.k || []) {
      const at = curve.x ? curve.x.indexOf(spike) : spike;
      if (at < 0 || !points[at]) continue;
      const [x, y] = points[at];
      put("path", { class: "t-spike", d: `M${x - 4},${y - 4}l8,8m0,-8l-8,8` });
    }
    for (const change of curve.c || []) {
      const x = short(px(change.i)), y = short(py(change.h)), look = change.ack ? "t-ack" : change.bad ? "t-bad" : "t-good";
      const shape = change.ack ? `M${x - 5},${y - 5}h10v10h-10z` : change.up ? `M${x},${y - 6}l6,11h-12z` : `M${x},${y + 6}l6,-11h-12z`;
      put("path", { class: look, d: shape });
      const late = change.i > total / 2;
      put("text", { class: look, x: x + (late ? -9 : 9), y: y - 8, "text-anchor": late ? "end" : "start" }, change.t);
    }
    for (let at = points.length - 1, free = Infinity, told = 0; at >= 0; at -= 1) {
      const last = at === points.length - 1, x = last ? points[at][0] + 6 : points[at][0];
      if (x + (last ? 0 : LABEL_PX / 2) > free || x < LEFT) continue; // labels never touch
      put("text", { x, y: H - BOTTOM + 18, "text-anchor": last ? "end" : "middle", class: told % 2 ? "odd" : "even" }, labelOf(curve, at));
      told += 1;
      free = x - LABEL_PX * (last ? 1 : 0.5) - 14;
    }
    const here = svg("circle", { class: "t-here", r: 5, visibility: "hidden" });
    figure.append(here);
    const say = (x) => {
      let best = 0;
      points.forEach(([at], one) => { if (Math.abs(at - x) < Math.abs(points[best][0] - x)) best = one; });
      here.setAttribute("cx", points[best][0]);
      here.setAttribute("cy", points[best][1]);
      here.setAttribute("visibility", "visible");
      const runs = curve.r?.[best];
      const spread = runs && runs[0] !== runs[1] ? `, runs ${number(runs[0] / factor)} to ${number(runs[1] / factor)}` : "";
      return `${labelOf(curve, best)}: ${number(curve.p[best] / factor)}${THIN}${unit}${spread}`;
    };
    return [figure, say];
  }

  function wordsOf(at, curve) {
    const said = [`${curve.n || curve.p.length} points of ${data.runs[at]} runs; the newest stands at ${quantity(data.now[at], data.units[data.unit[at]])}`];
    const direction = data.directions[at] || data.direction;
    said.push(direction[0].toUpperCase() + direction.slice(1));
    if (data.reason[at]) said.push(`Not judged: ${data.reason[at]}`);
    else if (!curve.c) said.push("No change beyond its noise");
    if (data.noise[at] !== null) said.push(`Noise ${percent(data.noise[at], false)}`);
    if (data.visible[at] !== null) said.push(`A change under ${percent(data.visible[at], false)} would pass for noise`);
    if (data.spikes[at]) said.push(`${data.spikes[at]} lone ${data.spikes[at] === 1 ? "spike" : "spikes"}, marked \u00d7`);
    if (gone.has(at)) said.push("Not measured on the newest code");
    return `${said.join(". ")}.`;
  }
  function detailOf(at) {
    const curve = curveOf(at), words = wordsOf(at, curve);
    const title = `${data.name[at]}, ${data.metrics[data.metric[at]]}`;
    const figure = make("figure");
    let say = null;
    if (curve.p.length > 1) {
      const [drawing, told] = draw(curve, words, title);
      say = told;
      figure.append(make("div", { class: "zoom" }, drawing));
    }
    figure.append(make("figcaption", {}, words));
    const changes = make("ul", { class: "changes" });
    for (const change of curve.c || []) {
      const mark = change.ack ? "\u25a0" : change.up ? "\u25b2" : "\u25bc";
      const one = make("li", {}, `${mark} ${change.w}${change.ack ? `; accepted, ${change.ack}` : ""}`);
      if (change.id) one.append(make("p", { class: "again" }, "Accept it"), command(`holdfast report ack ${change.id} --reason "why it is worth it"`));
      changes.append(one);
    }
    if (changes.children.length) figure.append(changes);
    const runs = curve.d ? runsOf(curve, data.codes, labelOf(curve, curve.p.length - 1), data.units[data.unit[at]]) : null;
    if (runs) figure.append(...drawRuns(runs, title));
    figure.append(numbersOf(curve, runs));
    return [figure, say];
  }
  function numbersOf(curve, runs) {
    const details = make("details", { class: "numbers" }, make("summary", {}, runs ? "Newest points and runs as numbers" : "Newest points as numbers"));
    details.addEventListener("toggle", () => {
      if (details.children.length > 1) return;
      const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Code"), make("th", { scope: "col", class: "n" }, curve.u[1] || "Value"))));
      const body = make("tbody");
      for (let at = curve.p.length - 1; at >= Math.max(0, curve.p.length - 20); at -= 1) body.append(make("tr", {}, make("td", {}, labelOf(curve, at)), make("td", { class: "n" }, number(curve.p[at] / curve.u[0]))));
      table.append(body);
      details.append(table);
      if (runs) details.append(tableOfRuns(runs));
    });
    return details;
  }

  // The table.
  const table = byId("series"), more = byId("more"), tools = byId("tools");
  const columns = all("thead th[data-sort]", table);
  let words = [], order = [], built = 0, sorted = { by: "", up: true };
  const openRows = new Set();

  // A long name breaks where its parts end.
  const breakable = (text) => text.split(/(?<=[_/.])/).flatMap((part, at) => (at ? [make("wbr"), part] : [part]));
  function rowOf(at) {
    const [value, mark, name] = data.states[data.state[at]];
    const unstable = data.spikes[at] ? `, ${UNSTABLE}` : "";
    const [place, shortName] = split(data.name[at]);
    const metric = data.metrics[data.metric[at]];
    const button = make("button", { type: "button", class: "open-row", "aria-expanded": "false" }, ...breakable(metric === "time" ? shortName : `${shortName} \u00b7 ${metric}`));
    const where = [place, data.envs.length > 1 ? data.envs[data.env[at]] : "", gone.has(at) ? "not on the newest code" : ""].filter(Boolean).join(" \u00b7 ");
    const row = make("tr", { "data-stop": true, tabindex: "-1", "data-row": at },
      make("td", { class: "c-state" }, make("span", { class: `s-${name}` }, `${mark}\u00a0`, make("span", { class: "state-word" }, value + unstable))),
      make("th", { scope: "row", class: "c-name" }, button, make("span", { class: "about" }, where)),
      make("td", { class: "c-curve" }, sparkline(curveOf(at))),
      make("td", { class: "n c-now" }, quantity(data.now[at], data.units[data.unit[at]])),
      make("td", { class: "n c-change" }, percent(data.change[at])),
      make("td", { class: "n c-noise" }, percent(data.noise[at], false)),
      make("td", { class: "n c-visible" }, percent(data.visible[at], false)),
      make("td", { class: "n c-runs" }, number(data.runs[at])));
    button.addEventListener("click", () => toggleRow(row, at));
    return row;
  }
  // A cell over columns that a narrow window hides would bring them back as empty ones.
  const seenColumns = () => all("thead th", table).filter((one) => one.offsetParent !== null).length;
  addEventListener("resize", () => { for (const cell of all("tr.detail > td", table)) cell.colSpan = seenColumns(); });
  function toggleRow(row, at) {
    const button = row.querySelector(".open-row"), open = openRows.has(at);
    button.setAttribute("aria-expanded", String(!open));
    if (open) {
      openRows.delete(at);
      row.nextElementSibling.remove();
      return;
    }
    openRows.add(at);
    const [figure, say] = detailOf(at);
    row.after(make("tr", { class: "detail" }, make("td", { colspan: String(seenColumns()) }, figure)));
    for (const box of all(".zoom", figure)) makeZoom(box, box.matches(".small") ? {} : { say });
  }
  function build(count) {
    if (built >= order.length) return;
    const body = make("tbody");
    body.append(...order.slice(built, built + count).map(rowOf));
    table.append(body);
    built = Math.min(built + count, order.length);
    more.hidden = built >= order.length;
    more.firstElementChild.textContent = `Show more of ${number(order.length)}`;
  }
  function keysFor(by) {
    if (by === "name") return texts;
    if (by === "state") return data.state;
    return data[by];
  }
  function compare(by, up) {
    const keys = keysFor(by), sign = up ? 1 : -1;
    return (a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (x === y) return a - b;
      if (x === null) return 1; // what is not known stands last, either way
      if (y === null) return -1;
      return sign * (x < y ? -1 : 1);
    };
  }
  const filters = { state: byId("f-state"), metric: byId("f-metric"), env: byId("f-env"), group: byId("f-group") };
  function refresh() {
    const wanted = Object.fromEntries(Object.entries(filters).map(([name, one]) => [name, one.value]));
    order = [];
    for (let at = 0; at < rows; at += 1) {
      if (wanted.state !== "" && (wanted.state === UNSTABLE ? !data.spikes[at] : wanted.state === GONE ? !gone.has(at) : data.state[at] !== Number(wanted.state))) continue;
      if (wanted.metric !== "" && data.metric[at] !== Number(wanted.metric)) continue;
      if (wanted.env !== "" && data.env[at] !== Number(wanted.env)) continue;
      if (wanted.group !== "" && groups[at] !== wanted.group) continue;
      if (!words.every((word) => texts[at].includes(word))) continue;
      order.push(at);
    }
    if (sorted.by) order.sort(compare(sorted.by, sorted.up));
    for (const one of columns) {
      if (one.dataset.sort === sorted.by) one.setAttribute("aria-sort", sorted.up ? "ascending" : "descending");
      else one.removeAttribute("aria-sort");
    }
    for (const body of all("tbody", table)) body.remove();
    openRows.clear();
    built = 0;
    more.hidden = true;
    build(BATCH);
    byId("f-clear").hidden = !words.length && !sorted.by && Object.values(wanted).every((one) => one === "");
    byId("shown").textContent = order.length === rows ? `${number(rows)} series` : `${number(order.length)} of ${number(rows)} series`;
    return order.length;
  }
  // A number is looked at from its large end, a name from its first letter.
  const startsUp = (by) => by === "name" || by === "state";
  function sortBy(by) {
    sorted = sorted.by === by ? { by, up: !sorted.up } : { by, up: startsUp(by) };
    byId("f-sort").value = by;
    refresh();
  }
  function fill(select, options) {
    for (const [value, text] of options) select.append(make("option", { value }, text));
    select.parentElement.hidden = options.length < 3; // "all" and one more choose nothing
    select.addEventListener("change", refresh);
  }
  const numbers = (keys) => keys.reduce((counts, key) => counts.set(key, (counts.get(key) || 0) + 1), new Map());
  const stateNumbers = numbers(data.state), unstable = data.spikes.filter(Boolean).length;
  const states = data.states.map(([text, mark], at) => [at, `${mark} ${text} (${stateNumbers.get(at) || 0})`]).filter(([at]) => stateNumbers.has(at));
  fill(filters.state, [["", "all"], ...states, ...(unstable ? [[UNSTABLE, `\u00d7 ${UNSTABLE} (${unstable})`]] : []), ...(gone.size ? [[GONE, `not on the newest code (${gone.size})`]] : [])]);
  fill(filters.metric, [["", "all"], ...data.metrics.map((text, at) => [at, text])]);
  fill(filters.env, [["", "all"], ...data.envs.map((text, at) => [at, text])]);
  fill(filters.group, [["", "all"], ...[...numbers(groups)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([text, count]) => [text, `${text} (${count})`])]);
  for (const [by, text] of [["", "urgency"], ["name", "name"], ["change", "change"], ["noise", "noise"], ["visible", "visible change"], ["now", "newest"], ["runs", "runs"]]) byId("f-sort").append(make("option", { value: by }, text));
  byId("f-sort").addEventListener("change", (event) => { sorted = { by: event.target.value, up: startsUp(event.target.value) }; refresh(); });
  for (const one of columns) one.firstElementChild.addEventListener("click", () => sortBy(one.dataset.sort));
  byId("f-clear").addEventListener("click", () => {
    for (const one of Object.values(filters)) one.value = "";
    sorted = { by: "", up: true };
    byId("f-sort").value = "";
    find.value = "";
    searchNow();
  });
  searchers.push((asked) => { words = asked; return refresh(); });
  more.firstElementChild.addEventListener("click", () => build(BATCH));
  new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) build(BATCH); }, { rootMargin: `${EDGE_PX}px` }).observe(more);
  addEventListener("beforeprint", () => build(PRINTED - built));
  table.hidden = tools.hidden = false;
  refresh();
  document.documentElement.dataset.ready = "true";
})();
