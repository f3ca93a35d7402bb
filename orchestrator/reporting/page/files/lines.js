// Charts of lines and bars: the search's progress, trainings, parallel coordinates, importance.

function drawProgress(canvas, view) {
  const incumbents = data.incumbents.filter((incumbent) => view.methods.has(incumbent.label));
  const ends = incumbents.map((c) => (view.budget === "hours" ? c.hours.at(-1) : c.best.length));
  const far = extent([1e-9, ...ends])[1];
  const made = frame(canvas, {
    height: 360,
    xAxis: { low: 0, high: far * 1.04, scale: "linear", isCount: view.budget === "trials" },
    yAxis: data.progress.axis,
    xLabel: view.budget === "hours" ? "gang hours of the method" : "trials of the method",
    yLabel: data.progress.title,
    left: 64,
    label: `${data.progress.title}, against the budget`,
  });
  drawToBeat(made);
  for (const incumbent of incumbents) drawIncumbent(made, incumbent, view);
  legend(canvas, view, [], true);
}

// Draws where the interval of Original ends: up to there nothing was forgotten beyond chance.
function drawToBeat(made) {
  const { axis: { low, high }, toBeat } = data.progress;
  if (toBeat === null || toBeat < low || toBeat > high) return;
  const d = `M${made.box.left},${made.y(toBeat)}H${made.box.right}`;
  const line = node(made.svg, "path", { d, class: "bound reported" });
  node(line, "title", {}, `${said(toBeat)}: up to here no better than Original beyond chance`);
}

function drawIncumbent(made, incumbent, view) {
  const method = methodOf(incumbent.label);
  const own = data.trials.filter((trial) => trial.label === incumbent.label);
  const line = node(made.svg, "path", {
    class: "thread best method",
    style: `--mark:${method.colour};${dashed(method, 2.8)}`,
  });
  let d = "";
  incumbent.best.forEach((value, i) => {
    if (value === null) return;
    const [x, y] = [made.x(view.budget === "hours" ? incumbent.hours[i] : i + 1), made.y(value)];
    d += d ? `H${x}V${y}` : `M${x},${y}`;
    const group = markOf(made.svg, own[i]);
    const isNew = i === 0 || incumbent.best[i - 1] !== value;
    dot(group, method.marker, isNew ? 5.5 : 2.6, x, y, isNew ? "fill" : "small");
    node(group, "circle", { cx: x, cy: y, r: 12, class: "hit" });
  });
  line.setAttribute("d", d || "M0,0");
}

function curveNames() {
  const names = new Set(data.trials.flatMap((trial) => Object.keys(trial.curves)));
  return [...names].sort((a, b) => (a === "loss") - (b === "loss") || a.length - b.length);
}

function curveTitle(name) {
  const metric = name.startsWith(data.probe) ? name.slice(data.probe.length) : "";
  return metric ? `${heading(metric)}, probed` : name;
}

function drawTraining(canvas, view) {
  const known = shownTrials(view).filter((trial) => trial.curves[view.curve]);
  if (!known.length) return nothing(canvas, "No trial that is shown has reported it.");
  const metric = view.curve.slice(data.probe.length);
  const bounds = view.curve === "loss" ? [] : data.bounds.filter((b) => b.metric === metric);
  const limits = bounds.map((bound) => bound.value);
  const [, far] = extent(known.map((trial) => trial.curves[view.curve].numSteps));
  const all = range(known, view.curve, limits);
  for (const method of shownMethods(view)) {
    const own = known.filter((trial) => trial.label === method.label);
    if (!own.length) continue;
    const made = frame(facet(canvas, method), {
      height: 200,
      xAxis: { low: 0, high: far, scale: "linear" },
      yAxis: roomy(...(view.curve === "loss" ? range(own, view.curve, []) : all)),
      xLabel: "optimizer step",
      left: 48,
      label: `${method.label}: ${curveTitle(view.curve)} during training`,
    });
    for (const bound of bounds) {
      node(made.svg, "path", { d: `M${made.box.left},${made.y(bound.value)}H${made.box.right}`, class: "bound" });
    }
    for (const trial of own) drawCurve(made, trial, trial.curves[view.curve]);
  }
}

// Returns the smallest and the largest value of the trials' curves and of the limits.
function range(trials, name, limits) {
  return extent([...limits, ...trials.flatMap((trial) => extent(trial.curves[name].values))]);
}

function roomy(low, high) {
  const room = 0.07 * (high - low) || Math.abs(high) * 0.05 || 0.05;
  return { low: low - room, high: high + room, ticks: null, scale: "linear" };
}

function drawCurve(made, trial, curve) {
  const points = curve.steps.map((step, i) => [made.x(step), made.y(curve.values[i])]);
  const group = markOf(made.svg, trial, trial.state !== "feasible");
  thread(group, points, trial);
  const [x, y] = points.at(-1);
  if (trial.stopped) dot(group, "x", 3.2, x, y, "lost");
  else if (points.length === 1) dot(group, "o", 2.5, x, y, "fill");
  strike(group, trial, 6, x, y);
}

function thread(group, points, trial, style = "") {
  const d = `M${points.join("L")}`;
  const kind = trial.best ? "best" : trial.state === "feasible" ? "" : "weak";
  node(group, "path", { d, class: `thread ${kind}`, style });
  node(group, "path", { d, class: "hit" });
}

function drawParallel(canvas, view) {
  const { axes, trials } = data.coordinates;
  if (!axes.length) return nothing(canvas, "No trial was measured.");
  const scroll = element(canvas, "div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All axes" });
  const width = Math.max(canvas.clientWidth || 320, axes.length * 92);
  const hasAbsent = axes.some((axis) => axis.shares.includes(null));
  const height = hasAbsent ? 340 : 300;
  const svg = chart(scroll, width, height, "Hyperparameters and metrics, a line for each trial");
  svg.style.minWidth = `${width}px`;
  const [top, bottom] = [56, height - (hasAbsent ? 62 : 22)];
  const x = (i) => 46 + (i * (width - 92)) / Math.max(1, axes.length - 1);
  const y = (part) => (part === null ? height - 22 : bottom - part * (bottom - top));
  axes.forEach((axis, i) => {
    node(svg, "path", { d: `M${x(i)},${top}V${bottom}`, class: "axis" });
    const words = axis.name.split(" ");
    const lines = words.length > 2 ? [words.slice(0, -1).join(" "), words.at(-1)] : [axis.name];
    lines.forEach((line, k) => {
      const at = { x: x(i), y: 34 - 14 * (lines.length - 1 - k), "text-anchor": "middle" };
      node(svg, "text", at, line);
    });
    const end = { x: x(i), "text-anchor": "middle", class: "soft" };
    node(svg, "text", { ...end, y: top - 6 }, said(axis.high));
    node(svg, "text", { ...end, y: bottom + 15 }, said(axis.low));
    if (axis.shares.includes(null)) {
      node(svg, "text", { ...end, y: height - 4 }, axis.isMetric ? "no value" : "not searched");
    }
  });
  for (const trial of shownTrials(view)) {
    const row = trials.indexOf(trial.id);
    if (row < 0) continue;
    drawThrough(svg, trial, axes.map((axis, i) => [x(i), y(axis.shares[row])]));
  }
  const hasStopped = shownTrials(view).some((trial) => trial.stopped);
  legend(canvas, view, hasStopped ? [["stopped", "stopped early"]] : [], true);
}

// Draws a trial's line; at its end there is the method's marker, or that it was stopped.
function drawThrough(svg, trial, points) {
  const method = methodOf(trial.label);
  const group = markOf(svg, trial, trial.state !== "feasible");
  thread(group, points, trial, dashed(method, trial.best ? 2.8 : 1.3));
  const [x, y] = points.at(-1);
  if (trial.stopped) dot(group, "x", 3.4, x, y, "lost");
  else dot(group, method.marker, trial.best ? 5 : 3.4, x, y, "fill");
  strike(group, trial, trial.best ? 8 : 6, x, y);
}

const PARTS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A"];

function drawImportance(canvas, view) {
  const weights = data.weights.filter((weight) => view.methods.has(weight.label));
  if (!weights.length) return nothing(canvas, "No method that is shown has trials enough to tell.");
  const names = [...new Set(data.weights.flatMap((weight) => Object.keys(weight.shares)))];
  for (const metric of [...new Set(weights.map((weight) => weight.metric))]) {
    element(canvas, "p", { class: "note" }, heading(metric));
    const own = weights.filter((weight) => weight.metric === metric);
    const width = canvas.clientWidth || 320;
    const svg = chart(canvas, width, own.length * 26 + 4, `What decides ${heading(metric)}`);
    own.forEach((weight, row) => drawBar(svg, weight, row, { width, names }));
  }
}

function drawBar(svg, weight, row, { width, names }) {
  const left = Math.min(150, width * 0.34);
  const text = `${short(weight.label, 16)} (${weight.num_trials})`;
  node(svg, "text", { x: left - 8, y: row * 26 + 16, "text-anchor": "end" }, text);
  let start = left;
  for (const [parameter, part] of Object.entries(weight.shares)) {
    const i = Math.min(names.indexOf(parameter), PARTS.length - 1);
    const long = part * (width - left - 2);
    const said = `${parameter} ${Math.round(100 * part)}%`;
    const bar = node(svg, "rect", { x: start, y: row * 26 + 2, width: Math.max(0, long - 1), height: 20, fill: PARTS[i] });
    node(bar, "title", {}, `${weight.label}: ${said}`);
    if (long > said.length * 7) {
      const style = `fill:${i === 0 ? "#fff" : "#111"};pointer-events:none`;
      node(svg, "text", { x: start + long / 2, y: row * 26 + 16, "text-anchor": "middle", style }, said);
    }
    start += long;
  }
}
