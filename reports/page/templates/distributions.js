// The runs of two versions over each other, for a row that is opened (reports/page/run_sides.py).
const MOST_RUNS = 8; // of a side, as many as the page holds
function runsOf(curve, codes, newest, base) {
  const [factor, unit] = curve.u, [label, ...sides] = curve.d;
  return [["before", codes[label]], ["now", newest]].map(([name, code], at) => {
    const runs = sides[at].map((one) => (Array.isArray(one) ? { low: one[0], value: one[1], high: one[2] } : { value: one }));
    const values = runs.map((one) => one.value).sort((a, b) => a - b), half = values.length >> 1;
    const median = values.length % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
    return { name, code, unit, runs, values, median, said: quantity(median * factor, base) };
  });
}
function wordsOfRuns([old, now]) {
  const told = ({ name, code, values, said }) => {
    const many = values.length === MOST_RUNS ? `the newest ${MOST_RUNS} runs` : `${values.length} runs`;
    return `${name} (${code}): ${said}, ${values.length === 1 ? "one run" : `the median of ${many}`}`;
  };
  const apart = old.values.at(-1) < now.values[0] || now.values.at(-1) < old.values[0];
  const clear = old.values.length + now.values.length < 3 ? "" : apart ? ", and no run of one side lies among the other's" : ", and the runs overlap";
  const change = old.median ? percent(now.median / old.median - 1) : percent(0);
  return `${told(old)}; ${told(now)}: ${change}${clear}.`;
}
function drawRuns(sides, title) {
  const WIDE = 340, LEFT = 46, RIGHT = 10, TOP = 8, BOTTOM = 22, LANE = 13, GAP = 12, THICK = 8;
  const height = TOP + BOTTOM + GAP + LANE * sides.reduce((sum, one) => sum + one.runs.length, 0);
  const ends = sides.flatMap((side) => side.runs.flatMap((one) => [one.value, one.low ?? one.value, one.high ?? one.value]));
  let [low, high] = [Math.min(...ends), Math.max(...ends)];
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  low -= room; high += room;
  const words = wordsOfRuns(sides), name = `Runs of ${title}, before and now`;
  const figure = svg("svg", { class: "plot", viewBox: `0 0 ${WIDE} ${height}`, role: "img", "aria-label": `${name}. ${words}` }, svg("title", {}, name), svg("desc", {}, words));
  const put = (tag, attributes, ...inside) => figure.append(svg(tag, attributes, ...inside));
  const px = (value) => short(LEFT + (WIDE - LEFT - RIGHT) * (value - low) / (high - low));
  const [ticks, digits] = ticksOf(low, high);
  ticks.forEach((tick, at) => {
    const x = px(tick), last = at === ticks.length - 1;
    put("line", { class: "grid", x1: x, x2: x, y1: TOP, y2: height - BOTTOM });
    const written = Math.abs(tick) >= 1e6 || (tick !== 0 && Math.abs(tick) < 1e-3) ? number(tick) : tick.toFixed(digits).replace("-", "\u2212");
    const text = last ? `${written} ${sides[0].unit}` : written, beyond = x + text.length * 3 > WIDE;
    put("text", { class: `label ${beyond ? "end" : "mid"}`, x: beyond ? WIDE - 1 : x, y: height - 7 }, text);
  });
  put("line", { class: "edge", x1: LEFT, x2: WIDE - RIGHT, y1: height - BOTTOM, y2: height - BOTTOM });
  let top = TOP;
  for (const side of sides) {
    const style = side.name === "now" ? "new" : "old", tall = LANE * side.runs.length, middle = top + tall / 2;
    put("text", { class: `label end ${style}`, x: LEFT - 6, y: short(middle + 3.5) }, side.name);
    put("line", { class: `median ${style}`, x1: px(side.median), x2: px(side.median), y1: short(top - 1), y2: short(top + tall + 1) });
    side.runs.forEach((run, at) => {
      const y = short(top + LANE * (at + 0.5));
      if (run.low !== undefined) put("rect", { class: `box ${style}`, x: px(run.low), y: y - THICK / 2, width: short(Math.max(px(run.high) - px(run.low), 0.8)), height: THICK });
      put("circle", { class: `dot ${style}`, cx: px(run.value), cy: y, r: 2.6 });
    });
    top += tall + GAP;
  }
  return [make("p", { class: "over" }, make("b", {}, "Runs before and now"), "; a dot is a run, its box the middle half of its rounds"), make("div", { class: "zoom small" }, figure), make("p", { class: "runs-words" }, words)];
}
function tableOfRuns(sides) {
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Side"), make("th", { scope: "col", class: "n" }, `Run, ${sides[0].unit}`), make("th", { scope: "col", class: "n" }, "Middle half of its rounds"))));
  const body = make("tbody");
  for (const side of sides) for (const run of side.runs) {
    const middle = run.low === undefined ? ABSENT : `${number(run.low)} to ${number(run.high)}`;
    body.append(make("tr", {}, make("td", {}, `${side.name} (${side.code})`), make("td", { class: "n" }, number(run.value)), make("td", { class: "n" }, middle)));
  }
  table.append(body);
  return table;
}
