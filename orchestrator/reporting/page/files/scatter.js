// Charts of points: trials against two metrics, and over learning rate and L1.
// `view` says what is shown: methods, states, budget and curve.

function heading(name) {
  return data.headings[name] || name;
}

function direction(sign) {
  return sign > 0 ? "higher is better" : "lower is better";
}

function methodOf(label) {
  return data.methods.find((method) => method.label === label);
}

function shownTrials(view) {
  const order = { failed: 0, infeasible: 1, feasible: 2 };
  const kept = data.trials.filter((t) => view.methods.has(t.label) && view.states.has(t.state));
  return kept.sort((a, b) => order[a.state] - order[b.state] || a.best - b.best || a.id - b.id);
}

function shownMethods(view) {
  return data.methods.filter((method) => view.methods.has(method.label));
}

// Makes the group of one trial's mark: whatever is in it answers to pointer and keyboard.
function markOf(svg, trial, isGrey = false) {
  const { colour } = methodOf(trial.label);
  const kind = isGrey ? "mark method grey" : "mark method";
  return node(svg, "g", { class: kind, style: `--mark:${colour}`, "data-trial": trial.id });
}

function nothing(canvas, text) {
  element(canvas, "p", { class: "empty wide" }, text);
}

function drawPareto(canvas, view) {
  const { x: across, y: up } = data.pareto;
  const made = frame(canvas, {
    height: canvas.clientWidth < 500 ? 340 : 460,
    xAxis: data.axes.x,
    yAxis: data.axes.y,
    xLabel: `${heading(across.metric)} (${direction(across.sign)})`,
    yLabel: `${heading(up.metric)} (${direction(up.sign)})`,
    left: 64,
    label: `${heading(up.metric)} against ${heading(across.metric)}, a mark for each trial`,
  });
  drawBounds(made, data.bounds, "");
  drawBounds(made, data.reportedBounds, " reported");
  const trials = shownTrials(view).filter((t) => isPlaced(t.metrics));
  drawFront(made, trials.filter((trial) => trial.front));
  const hasFinals = data.finals.length > 0;
  for (const trial of trials) {
    const group = markOf(made.svg, trial);
    const [x, y] = placeOf(made, trial.metrics);
    const isLarge = trial.best && !hasFinals;
    const kind = trial.state === "feasible" ? "fill" : "hollow";
    const { marker } = methodOf(trial.label);
    dot(group, marker, isLarge ? 7.5 : 4.8, x, y, isLarge ? "best" : kind);
    strike(group, trial, isLarge ? 11 : 8, x, y);
    node(group, "circle", { cx: x, cy: y, r: 12, class: "hit" });
  }
  const baselines = drawBaselines(made);
  const named = hasFinals ? drawFinals(made, view) : bestOf(made, trials);
  writeNames(made, [...named, ...baselines]);
  legend(canvas, view, hasFinals ? finalRows(view) : []);
}

function isPlaced(metrics) {
  return [data.pareto.x, data.pareto.y].every(({ metric }) => typeof metrics[metric] === "number");
}

function placeOf(made, metrics) {
  return [made.x(metrics[data.pareto.x.metric]), made.y(metrics[data.pareto.y.metric])];
}

function drawBounds(made, bounds, kind) {
  const { box } = made;
  for (const bound of bounds) {
    const isFloor = bound.side === "at_least";
    if (bound.metric === data.pareto.x.metric) {
      const x = made.x(bound.value);
      const [from, to] = isFloor ? [box.left, x] : [x, box.right];
      drawBound(made, bound, kind, { line: `M${x},${box.top}V${box.bottom}`, area: [from, box.top, to, box.bottom] });
    } else if (bound.metric === data.pareto.y.metric) {
      const y = clamp(made.y(bound.value), box.top, box.bottom);
      const [from, to] = isFloor ? [y, box.bottom] : [box.top, y];
      drawBound(made, bound, kind, { line: `M${box.left},${y}H${box.right}`, area: [box.left, from, box.right, to] });
    }
  }
}

function drawBound(made, bound, kind, { line, area: [left, top, right, bottom] }) {
  const { svg } = made;
  if (!kind) {
    const area = { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top), class: "beyond" };
    svg.prepend(node(svg, "rect", area));
  }
  node(node(svg, "path", { d: line, class: `bound${kind}` }), "title", {}, bound.text);
}

function drawFront(made, trials) {
  const across = data.pareto.x.metric;
  const corners = [...trials].sort((a, b) => a.metrics[across] - b.metrics[across]);
  const steps = corners.map((trial, i) => {
    const [x, y] = placeOf(made, trial.metrics);
    if (!i) return `M${x},${y}`;
    return data.pareto.x.sign > 0 ? `V${y}H${x}` : `H${x}V${y}`;
  });
  if (corners.length > 1) node(made.svg, "path", { d: steps.join(""), class: "front" });
}

function bestOf(made, trials) {
  return trials.filter((trial) => trial.best).map((trial) => {
    const [x, y] = placeOf(made, trial.metrics);
    return { name: trial.label, x, y };
  });
}

function shownFinals(view) {
  return data.finals.filter((final) => view.methods.has(final.label));
}

function drawFinals(made, view) {
  const points = [];
  for (const final of shownFinals(view)) {
    const [across, up] = [final.metrics[data.pareto.x.metric], final.metrics[data.pareto.y.metric]];
    if (!across || !up || across.mean === null || up.mean === null) continue;
    const { colour, marker } = methodOf(final.label);
    const style = { class: "mark method", style: `--mark:${colour}`, "data-final": data.finals.indexOf(final) };
    const group = node(made.svg, "g", style);
    const [x, y] = [made.x(across.mean), made.y(up.mean)];
    if (across.low !== null) node(group, "path", { d: `M${made.x(across.low)},${y}H${made.x(across.high)}`, class: "interval" });
    if (up.low !== null) node(group, "path", { d: `M${x},${made.y(up.low)}V${made.y(up.high)}`, class: "interval" });
    dot(group, marker, 7.5, x, y, final.feasible ? "best" : "missed");
    strike(group, final, 11, x, y);
    node(group, "circle", { cx: x, cy: y, r: 12, class: "hit" });
    points.push({ name: final.name, x, y });
  }
  return points;
}

// Yields what the large marks mean, as far as there are such.
function finalRows(view) {
  const isThere = (feasible) => shownFinals(view).some((final) => final.feasible === feasible);
  const rows = [["best", "finalist, feasible", true], ["missed", "finalist, infeasible", false]];
  return rows.filter(([, , feasible]) => isThere(feasible));
}

function drawBaselines(made) {
  return data.baselines.filter((b) => isPlaced(b.metrics)).map(({ name, metrics }) => {
    const [x, y] = placeOf(made, metrics);
    if (name === "Gold") dot(made.svg, "*", 7, x, y, "baseline");
    else turned(made.svg, "P", 7, x, y, "baseline");
    return { name, x, y };
  });
}

function legend(canvas, view, further = [], isLine = false) {
  const list = element(canvas, "div", { class: "legend", "aria-hidden": "true" });
  for (const method of shownMethods(view)) {
    const row = element(list, "span");
    sample(row, method, isLine);
    row.append(method.label);
  }
  for (const [kind, text] of further) {
    const row = element(list, "span", { class: "method grey" });
    const svg = node(row, "svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" });
    dot(svg, kind === "stopped" ? "x" : "o", kind === "stopped" ? 4 : 6, 0, 0, kind === "stopped" ? "lost" : kind);
    element(row, "b", {}, text);
  }
}

// The same map of colours as in the printed figures, matplotlib's cividis, in eighths.
const COLOURS = ["#00224e", "#1a386f", "#434e6c", "#61656f", "#7d7c78", "#9b9476", "#bcae6c", "#dec958", "#fee838"];

function colourAt(part) {
  const at = clamp(part, 0, 1) * (COLOURS.length - 1);
  const i = Math.min(Math.floor(at), COLOURS.length - 2);
  const parts = [1, 3, 5].map((start) => {
    const [a, b] = [COLOURS[i], COLOURS[i + 1]].map((c) => parseInt(c.slice(start, start + 2), 16));
    return Math.round(a + (b - a) * (at - i));
  });
  return `rgb(${parts.join(",")})`;
}

function drawResponse(canvas, view) {
  if (!data.trials.length) return nothing(canvas, "No trial has ended.");
  const values = data.trials.filter(hasColour).map((trial) => trial.metrics[data.objective]);
  const [low, high] = extent(values);
  const place = share({ ...data.axes.objective, low, high });
  if (values.length) drawScale(canvas, low, high);
  const trials = shownTrials(view);
  for (const method of shownMethods(view)) {
    const cell = facet(canvas, method);
    const made = frame(cell, {
      height: 210,
      xAxis: data.axes.lr,
      yAxis: data.axes.l1,
      left: 48,
      xLabel: "learning rate",
      label: `${method.label}: trials over learning rate and L1`,
    });
    for (const [ax, ay, bx, by] of data.boundaries[method.label] || []) {
      const d = `M${made.x(10 ** ax)},${made.y(10 ** ay)}L${made.x(10 ** bx)},${made.y(10 ** by)}`;
      node(made.svg, "path", { d, class: "bound" });
    }
    for (const trial of trials.filter((t) => t.label === method.label)) {
      drawResponseMark(made, trial, place);
    }
  }
}

// Whether a trial's objective is that of its settings: of one that was stopped early it is not.
function hasColour(trial) {
  return typeof trial.metrics[data.objective] === "number" && !trial.stopped;
}

function drawResponseMark(made, trial, place) {
  const group = markOf(made.svg, trial);
  const [x, y] = [made.x(trial.lr), made.y(trial.l1 || data.axes.l1.zero_at || 0)];
  const marker = trial.state === "feasible" ? "o" : "v";
  if (trial.state === "failed") {
    dot(group, "x", 4, x, y, "lost");
  } else if (!hasColour(trial)) {
    dot(group, marker, 4.4, x, y, "lost");
  } else {
    const fill = colourAt(place(trial.metrics[data.objective]));
    dot(group, marker, 5.2, x, y, "value").setAttribute("fill", fill);
  }
  strike(group, trial, 8, x, y);
  if (trial.best) node(group, "circle", { cx: x, cy: y, r: 9, class: "ring" });
  node(group, "circle", { cx: x, cy: y, r: 12, class: "hit" });
}

function drawScale(canvas, low, high) {
  const row = element(canvas, "p", { class: "wide note" });
  row.append(`${heading(data.objective)}: ${said(low)} `);
  const bar = element(row, "span", { "aria-hidden": "true" });
  bar.style.cssText = `display:inline-block;width:9rem;height:0.7rem;vertical-align:middle;background:linear-gradient(90deg,${COLOURS.join(",")})`;
  row.append(` ${said(high)}; vertical: L1 coefficient`);
}

function facet(canvas, method) {
  const cell = element(canvas, "div");
  const title = element(cell, "h4");
  sample(title, method);
  title.append(method.label);
  return cell;
}
