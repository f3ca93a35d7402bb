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
  const { horizontal, objective } = data;
  const made = frame(canvas, {
    height: canvas.clientWidth < 500 ? 340 : 460,
    xAxis: data.axes.horizontal,
    yAxis: data.axes.objective,
    xLabel: `${heading(horizontal)} (${direction(data.horizontalSign)})`,
    yLabel: `${heading(objective)} (${direction(data.objectiveSign)})`,
    left: 64,
    label: `${heading(objective)} against ${heading(horizontal)}, a mark for each trial`,
  });
  drawBounds(made, data.bounds, "");
  drawBounds(made, data.reportedBounds, " reported");
  const trials = shownTrials(view).filter((t) => isPlaced(t.metrics));
  drawFront(made, trials.filter((trial) => trial.front));
  const hasFinals = data.finals.length > 0;
  for (const trial of trials) {
    const group = markOf(made.svg, trial);
    const [x, y] = [made.x(trial.metrics[horizontal]), made.y(trial.metrics[objective])];
    const isLarge = trial.best && !hasFinals;
    const kind = trial.state === "feasible" ? "fill" : "hollow";
    const { marker } = methodOf(trial.label);
    dot(group, marker, isLarge ? 7.5 : 4.8, x, y, isLarge ? "best" : kind);
    node(group, "circle", { cx: x, cy: y, r: 11, class: "hit" });
  }
  const named = hasFinals ? drawFinals(made, view) : bestOf(made, trials);
  writeNames(made, [...named, ...drawBaselines(made)]);
  legend(canvas, view);
}

function isPlaced(metrics) {
  return [data.horizontal, data.objective].every((name) => typeof metrics[name] === "number");
}

function drawBounds(made, bounds, kind) {
  const { box, svg } = made;
  for (const bound of bounds.filter((b) => b.metric === data.horizontal)) {
    const x = made.x(bound.value);
    const from = bound.side === "at_least" ? box.left : x;
    const width = Math.abs((bound.side === "at_least" ? x : box.right) - from);
    if (!kind) {
      const area = { x: from, y: box.top, width, height: box.bottom - box.top, class: "beyond" };
      svg.prepend(node(svg, "rect", area));
    }
    const line = node(svg, "path", { d: `M${x},${box.top}V${box.bottom}`, class: `bound${kind}` });
    node(line, "title", {}, bound.text);
  }
}

function drawFront(made, trials) {
  const corners = trials.map((t) => [t.metrics[data.horizontal], t.metrics[data.objective]]);
  corners.sort((a, b) => a[0] - b[0]);
  const steps = corners.map(([x, y], i) => {
    if (!i) return `M${made.x(x)},${made.y(y)}`;
    const isPre = data.horizontalSign > 0;
    return isPre ? `V${made.y(y)}H${made.x(x)}` : `H${made.x(x)}V${made.y(y)}`;
  });
  if (corners.length > 1) node(made.svg, "path", { d: steps.join(""), class: "front" });
}

function bestOf(made, trials) {
  return trials.filter((trial) => trial.best).map((trial) => ({
    name: trial.label,
    x: made.x(trial.metrics[data.horizontal]),
    y: made.y(trial.metrics[data.objective]),
  }));
}

function drawFinals(made, view) {
  const points = [];
  for (const final of data.finals.filter((f) => view.methods.has(f.label))) {
    const [across, up] = [final.metrics[data.horizontal], final.metrics[data.objective]];
    if (!across || !up || across.mean === null || up.mean === null) continue;
    const { colour, marker } = methodOf(final.label);
    const trial = data.trials.find((t) => t.label === final.label && t.number === final.number);
    const group = node(made.svg, "g", { class: "mark method", style: `--mark:${colour}`, "data-trial": trial ? trial.id : "" });
    const [x, y] = [made.x(across.mean), made.y(up.mean)];
    if (across.low !== null) node(group, "path", { d: `M${made.x(across.low)},${y}H${made.x(across.high)}`, class: "interval" });
    if (up.low !== null) node(group, "path", { d: `M${x},${made.y(up.low)}V${made.y(up.high)}`, class: "interval" });
    dot(group, marker, 7.5, x, y, "best");
    node(group, "circle", { cx: x, cy: y, r: 12, class: "hit" });
    points.push({ name: final.label, x, y });
  }
  return points;
}

function drawBaselines(made) {
  return data.baselines.filter((b) => isPlaced(b.metrics)).map(({ name, metrics }) => {
    const [x, y] = [made.x(metrics[data.horizontal]), made.y(metrics[data.objective])];
    if (name === "Gold") dot(made.svg, "*", 7, x, y, "baseline");
    else turned(made.svg, "P", 7, x, y, "baseline");
    return { name, x, y };
  });
}

function legend(canvas, view) {
  const list = element(canvas, "div", { class: "legend", "aria-hidden": "true" });
  for (const method of shownMethods(view)) {
    const row = element(list, "span");
    sample(row, method);
    row.append(method.label);
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
  const values = data.trials.map((t) => t.metrics[data.objective]).filter((v) => typeof v === "number");
  if (!data.trials.length) return nothing(canvas, "No trial has ended.");
  const [low, high] = [Math.min(...values), Math.max(...values)];
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

function drawResponseMark(made, trial, place) {
  const group = markOf(made.svg, trial);
  const [x, y] = [made.x(trial.lr), made.y(trial.l1 || data.axes.l1.zero_at || 0)];
  const value = trial.metrics[data.objective];
  if (typeof value !== "number") {
    dot(group, "x", 4, x, y, "lost");
  } else {
    const marker = trial.state === "feasible" ? "o" : "v";
    dot(group, marker, 5.2, x, y, "value").setAttribute("fill", colourAt(place(value)));
    if (trial.best) node(group, "circle", { cx: x, cy: y, r: 9, class: "ring" });
  }
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
