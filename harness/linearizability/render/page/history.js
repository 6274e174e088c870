"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const SVG = "http://www.w3.org/2000/svg", RADIUS = 9;
  const parts = data.map((_, at) => {
    const node = $(`part${at}`);
    const ops = [...node.querySelectorAll(".op")];
    for (const op of ops) {
      op.at = {};
      for (const name of ["x", "w", "y", "cx", "cw", "cy"]) op.at[name] = Number(op.style.getPropertyValue(`--${name}`));
    }
    return {
      node, ops, plane: node.querySelector(".plane"), box: node.querySelector(".lanes"), line: node.querySelector("svg.line"),
      points: node.querySelector("svg.points"), byIndex: new Map(ops.map((op) => [op.dataset.i, op])),
      cards: [...node.querySelectorAll(".order")], order: data[at].orders.length ? 0 : -1,
      hasCore: node.classList.contains("close"),
    };
  });
  let current = 0, picked = null, zoom = 1;
  const part = () => parts[current], facts = () => data[current];
  const isClose = () => part().node.classList.contains("close");
  const shown = (op) => !(isClose() && op.classList.contains("rest"));

  const make = (name, attributes, parent) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.append(node);
    return node;
  };

  // A place in an order is a moment within the bar, and moments do not go back: the latest ones are
  // found from the end, then each takes the earliest that is left. Orders that do not respect real
  // time (weaker criteria) have no such moments; their points stand in the middle of their bars.
  const moments = (boxes) => {
    const latest = new Array(boxes.length);
    let next = Infinity;
    for (let at = boxes.length - 1; at >= 0; at--) {
      const [x, width, , open] = boxes[at];
      latest[at] = next = Math.min(open ? Infinity : x + width - RADIUS, next);
    }
    let last = -Infinity;
    const spots = boxes.map(([x, , ], at) => {
      last = Math.max(x + RADIUS, Math.min(last + 2.4 * RADIUS, latest[at]), Math.min(last, latest[at]));
      return last;
    });
    const fits = spots.every((spot, at) => spot <= latest[at] + 1);
    return fits ? spots : boxes.map(([x, width]) => x + width / 2);
  };

  const style = (op, name) => op.at[isClose() ? `c${name}` : name];
  const row = () => parseFloat(getComputedStyle(part().box).getPropertyValue("--row"));

  const draw = () => {
    const { line, points, byIndex, ops, node, cards, order } = part();
    line.replaceChildren();
    points.replaceChildren();
    const chosen = order < 0 ? null : facts().orders[order];
    node.classList.toggle("drawn", Boolean(chosen));
    node.classList.toggle("tiny", zoom < 0.55);
    const high = row(), inside = new Set(), stuck = new Set();
    const boxes = [];
    if (chosen) {
      for (const [index] of chosen.steps) {
        const op = byIndex.get(String(index));
        inside.add(op);
        if (op && shown(op)) {
          // In an order of the core, what does not matter may take effect later than it did.
          const late = op.classList.contains("open") || (chosen.core && !op.classList.contains("core"));
          boxes.push([style(op, "x") * zoom, style(op, "w") * zoom, (style(op, "y") + 0.74) * high, late]);
        }
      }
      for (const [index] of chosen.stuck) stuck.add(byIndex.get(String(index)));
    }
    for (const op of ops) {
      op.classList.toggle("in", inside.has(op));
      op.classList.toggle("stuck", stuck.has(op));
    }
    cards.forEach((card, at) => {
      card.classList.toggle("now", at === order);
      card.querySelector("button").setAttribute("aria-pressed", String(at === order));
    });
    if (!boxes.length) return;
    const spots = moments(boxes).map((x, at) => [x, boxes[at][2]]);
    make("path", { d: `M${spots.map(([x, y]) => `${x.toFixed(1)} ${y}`).join("L")}` }, line);
    boxes.forEach(([x, width, y], at) => {
      const end = x + width;
      if (spots[at][0] > end) make("path", { d: `M${end} ${y - 14}H${spots[at][0] - 14}L${spots[at][0]} ${y}`, class: "late" }, line);
    });
    const small = zoom < 0.55 || boxes.length > 999;
    spots.forEach(([x, y], at) => {
      make("circle", { cx: x.toFixed(1), cy: y, r: small ? 3 : at < 99 ? RADIUS : 11 }, points);
      if (!small) make("text", { x: x.toFixed(1), y }, points).textContent = String(at + 1);
    });
  };

  const field = (list, name, ...values) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.append(...values);
    list.append(dt, dd);
  };

  const places = (index) => facts().orders.map((order) => {
    const step = order.steps.findIndex(([one]) => one === index);
    if (step >= 0) return [`place ${step + 1}`, `then ${order.steps[step][1]}`];
    const stuck = order.stuck.find(([one]) => one === index);
    return stuck ? ["✗ cannot come next", stuck[1]] : null;
  });

  const tell = (op) => {
    const index = Number(op.dataset.i), [text, client, called, back, role] = facts().operations[index];
    const title = document.createElement("h3"), list = document.createElement("dl");
    title.textContent = text;
    const about = document.createElement("p");
    about.className = "role";
    about.textContent = role;
    field(list, "Who", client);
    field(list, "Called", called);
    field(list, "Came back", back);
    const said = places(index);
    if (said.length && !said.some(Boolean)) field(list, "Orders", "in none of them");
    else said.forEach((place, at) => {
      if (!place) { field(list, facts().orders[at].name, "not in it"); return; }
      const name = document.createElement("button"), why = document.createElement("small");
      name.type = "button";
      name.className = "to";
      name.textContent = place[0];
      name.addEventListener("click", () => take(at));
      why.textContent = place[1];
      field(list, facts().orders[at].name, name, why);
    });
    $("what").replaceChildren(title, ...(role ? [about] : []), list);
    $("more").classList.remove("empty");
  };

  const mark = (op) => {
    for (const item of part().node.querySelectorAll("li[data-i]")) {
      item.classList.toggle("at", Boolean(op) && item.dataset.i === op.dataset.i);
    }
  };

  const take = (order) => {
    part().order = order;
    const list = $("order");
    if (list) list.value = String(order);
    if (order >= 0 && !facts().orders[order].core && isClose()) whole(true);
    else draw();
  };

  const pick = (op, scroll) => {
    if (picked) picked.setAttribute("aria-selected", "false");
    picked = op;
    mark(op);
    if (!op) {
      $("more").classList.add("empty");
      part().plane.removeAttribute("aria-activedescendant");
      return;
    }
    op.setAttribute("aria-selected", "true");
    part().plane.setAttribute("aria-activedescendant", op.id);
    tell(op);
    // Show the longest order that says something of it.
    const said = places(Number(op.dataset.i));
    if (part().order >= 0 && !said[part().order]) {
      const other = said.findIndex((place, at) => place && (!isClose() || facts().orders[at].core));
      if (other >= 0) take(other);
    }
    if (scroll) op.scrollIntoView({ block: "nearest", inline: "center" });
  };

  const visible = () => part().ops.filter(shown).sort((a, b) => style(a, "x") - style(b, "x") || style(a, "y") - style(b, "y"));

  const move = (step) => {
    const list = visible(), at = list.indexOf(picked);
    pick(list[at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.max(0, Math.min(list.length - 1, at + step))], true);
  };

  const climb = (step) => {
    if (!picked) { move(1); return; }
    const y = style(picked, "y"), x = style(picked, "x");
    const rows = visible().filter((op) => (style(op, "y") - y) * step > 0);
    if (!rows.length) return;
    const nearest = rows.reduce((best, op) => (style(op, "y") - style(best, "y")) * step < 0 ? op : best);
    const level = rows.filter((op) => style(op, "y") === style(nearest, "y"));
    pick(level.reduce((best, op) => Math.abs(style(op, "x") - x) < Math.abs(style(best, "x") - x) ? op : best), true);
  };

  const scale = (value) => {
    zoom = Math.max(0.03, Math.min(2.4, value));
    document.documentElement.style.setProperty("--zoom", zoom);
    $("zoomed").textContent = `${Math.round(zoom * 100)} %`;
    draw();
  };

  const wide = () => Number(part().box.style.getPropertyValue(isClose() ? "--cwidth" : "--width"));
  const room = () => part().box.clientWidth - part().node.querySelector(".names").clientWidth - 64;
  const fit = () => {
    scale(Math.min(1.6, room() / wide()));
  };

  const whole = (on) => {
    if (part().hasCore) part().node.classList.toggle("close", !on);
    if ($("whole")) $("whole").checked = on;
    if (picked && !shown(picked)) pick(null);
    if (!on && part().order >= 0 && !facts().orders[part().order].core) { take(0); return; }
    draw();
    toEnd();
  };

  // What matters is at the end of the beginning that is wrong.
  const toEnd = () => {
    const straw = part().node.querySelector(".op.straw");
    if (!straw) return;
    part().box.scrollLeft = (style(straw, "x") + style(straw, "w")) * zoom - room();
    part().box.scrollTop = (style(straw, "y") + 1.5) * row() - part().box.clientHeight;
  };

  const show = (at) => {
    pick(null);
    current = at;
    parts.forEach((one, other) => { one.node.hidden = other !== at; });
    if ($("part")) $("part").value = String(at);
    if ($("order")) {
      $("order").replaceChildren(...facts().orders.map((order, number) => {
        const option = document.createElement("option");
        option.value = String(number);
        option.textContent = order.name;
        return option;
      }));
      $("order").parentElement.hidden = facts().orders.length < 2;
      $("order").value = String(part().order);
    }
    if ($("whole")) {
      $("whole").parentElement.hidden = !part().hasCore;
      $("whole").checked = !isClose();
    }
    draw();
    toEnd();
  };

  const go = (id) => {
    const order = /^p(\d+)r(\d+)$/.exec(id || ""), found = /^p(\d+)o(\d+)$/.exec(id || "");
    if (order && $(id)) { show(Number(order[1])); take(Number(order[2])); return true; }
    const op = found && $(id);
    if (!op || !parts[Number(found[1])]) return false;
    if (Number(found[1]) !== current) show(Number(found[1]));
    if (!shown(op)) whole(true);
    pick(op, true);
    return true;
  };

  for (const one of parts) {
    one.plane.addEventListener("click", (event) => {
      const op = event.target.closest(".op");
      pick(op === picked ? null : op);
    });
    // Hovering tells what an operation is until one is picked.
    one.plane.addEventListener("mouseover", (event) => {
      const op = event.target.closest(".op");
      if (op && !picked && window.innerWidth > 1200) { tell(op); mark(op); }
    });
    one.cards.forEach((card, at) => card.querySelector("button").addEventListener("click", () => take(at)));
  }
  if ($("part")) $("part").addEventListener("change", (event) => show(Number(event.target.value)));
  if ($("order")) $("order").addEventListener("change", (event) => take(Number(event.target.value)));
  if ($("whole")) $("whole").addEventListener("change", (event) => whole(event.target.checked));
  $("closer").addEventListener("click", () => scale(zoom * 1.25));
  $("farther").addEventListener("click", () => scale(zoom / 1.25));
  $("fit").addEventListener("click", fit);
  $("close").addEventListener("click", () => pick(null));
  document.addEventListener("click", (event) => {
    const a = event.target.closest("a[href^='#p']");
    if (a && go(a.getAttribute("href").slice(1))) { event.preventDefault(); part().plane.focus({ preventScroll: true }); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select, input")) return;
    const inside = part().plane.contains(document.activeElement) || document.activeElement === document.body;
    const does = {
      ArrowRight: () => move(1), ArrowLeft: () => move(-1), ArrowDown: () => climb(1),
      ArrowUp: () => climb(-1), Home: () => move(-1e9), End: () => move(1e9),
    }[event.key];
    const count = facts().orders.length;
    if (does && inside) { event.preventDefault(); part().plane.focus({ preventScroll: true }); does(); }
    else if (event.key === "+" || event.key === "=") scale(zoom * 1.25);
    else if (event.key === "-") scale(zoom / 1.25);
    else if (event.key === "0") scale(1);
    else if (event.key === "a") whole(isClose());
    else if (event.key === "n" && count) take((part().order + 1) % count);
    else if (event.key === "p" && count) take((part().order + count - 1) % count);
    else if (event.key === "Escape") pick(null);
  });
  window.addEventListener("resize", () => { if (!picked) toEnd(); });
  window.addEventListener("hashchange", () => go(location.hash.slice(1)));
  show(0);
  // A little smaller if that shows the whole of what matters.
  if (isClose() && wide() > room() && wide() * 0.85 <= room()) { scale(room() / wide()); toEnd(); }
  go(location.hash.slice(1));
  document.documentElement.dataset.ready = `${Math.round(performance.now())} ms`;
})();
