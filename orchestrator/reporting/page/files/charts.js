"use strict";
// What all charts are made of: elements, numbers, scales, markers, and a frame with axes.

const SVG = "http://www.w3.org/2000/svg";

function node(parent, name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  parent.append(made);
  return made;
}

function element(parent, name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  parent.append(made);
  return made;
}

function said(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  const small = value !== 0 && (size < 1e-3 || size >= 1e6);
  const power = () => value.toExponential(2).replace(/\.?0*e/, "e");
  const text = small ? power() : String(Number(value.toPrecision(4)));
  return text.replace(/-/g, "\u2212");
}

// Returns where a value lies on an axis: 0 at its low end, 1 at its high one.
function share(axis) {
  const scaled = { linear: (v) => v, log: Math.log10, symlog: compressed }[axis.scale];
  const low = scaled(axis.low);
  const width = scaled(axis.high) - low || 1;
  return (value) => (scaled(value) - low) / width;
}

// Logarithmic away from [-1, 1], as in the figures that are printed.
function compressed(value) {
  const linear = 0.6 / 0.9;
  const size = Math.abs(value);
  return size <= 1 ? value * linear : Math.sign(value) * (linear + Math.log10(size));
}

// Returns the smallest and the largest of any number of values.
function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

// Returns round values of an axis; `room` is how many there may be.
function ticksOf(axis, room) {
  if (axis.ticks) return thinned(axis.ticks, Math.max(3, room));
  const { zero_at: zero } = axis;
  if (axis.scale !== "log") return evenTicks(axis.low, axis.high, room, axis.isCount);
  const above = logTicks(zero ? zero * 3 : axis.low, axis.high, zero ? room - 1 : room);
  return zero ? [zero, ...above] : above;
}

// Returns 1, 2 and 5 of every decade, where that is too many 1 and 3, or powers of ten.
function logTicks(low, high, room) {
  const most = Math.max(2, room);
  let inside = [];
  for (const bases of [[1, 2, 5], [1, 3], [1]]) {
    inside = [];
    for (let p = Math.floor(Math.log10(low)); p <= Math.ceil(Math.log10(high)); p += 1) {
      inside.push(...bases.map((base) => Number(`${base}e${p}`)).filter((v) => v >= low && v <= high));
    }
    if (inside.length >= 2 && inside.length <= most) return inside;
  }
  return inside.length > most ? thinned(inside, most) : evenTicks(low, high, most, false);
}

function evenTicks(low, high, room, isCount) {
  const rough = (high - low) / Math.max(2, room);
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = [1, 2, 5, 10].map((m) => m * power).filter((s) => s >= rough);
  const step = isCount ? Math.max(1, steps[0]) : steps[0];
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i += 1) found.push(Number((i * step).toPrecision(12)));
  return found;
}

function thinned(values, room) {
  const every = Math.ceil(values.length / Math.max(2, room));
  return values.filter((_, i) => (values.length - 1 - i) % every === 0);
}

// Returns a label as far as it is shown; the middle is left out, as variants differ at the end.
function short(label, most) {
  if (label.length <= most) return label;
  const end = Math.floor((most - 1) / 2);
  return `${label.slice(0, most - 1 - end)}\u2026${label.slice(-end)}`;
}

function polygon(corners, radius, turn) {
  const points = [];
  for (let i = 0; i < corners; i += 1) {
    const angle = turn + (2 * Math.PI * i) / corners;
    points.push(`${radius * Math.sin(angle)},${-radius * Math.cos(angle)}`);
  }
  return `M${points.join("L")}Z`;
}

function star(points, radius) {
  const corners = [];
  for (let i = 0; i < 2 * points; i += 1) {
    const reach = i % 2 ? radius * 0.42 : radius;
    const angle = (Math.PI * i) / points;
    corners.push(`${reach * Math.sin(angle)},${-reach * Math.cos(angle)}`);
  }
  return `M${corners.join("L")}Z`;
}

function cross(radius, arm) {
  const a = radius * arm;
  const r = radius;
  return `M${-a},${-r}H${a}V${-a}H${r}V${a}H${a}V${r}H${-a}V${a}H${-r}V${-a}H${-a}Z`;
}

// The markers by their names in matplotlib, which the printed figures use.
const SHAPES = {
  o: (r) => `M${-r},0A${r},${r} 0 1 0 ${r},0A${r},${r} 0 1 0 ${-r},0Z`,
  s: (r) => polygon(4, r * 1.25, Math.PI / 4),
  D: (r) => polygon(4, r * 1.2, 0),
  "^": (r) => polygon(3, r * 1.25, 0),
  v: (r) => polygon(3, r * 1.25, Math.PI),
  "<": (r) => polygon(3, r * 1.25, -Math.PI / 2),
  ">": (r) => polygon(3, r * 1.25, Math.PI / 2),
  p: (r) => polygon(5, r * 1.1, 0),
  h: (r) => polygon(6, r * 1.1, 0),
  P: (r) => cross(r * 1.1, 0.38),
  x: (r) => `M${-r},${-r}L${r},${r}M${-r},${r}L${r},${-r}`,
  "*": (r) => star(5, r * 1.4),
};

function dot(parent, marker, radius, x, y, kind) {
  const place = { d: SHAPES[marker](radius), transform: `translate(${x},${y})` };
  return node(parent, "path", { ...place, class: `dot ${kind}` });
}

// Draws a bar across the mark of what forgot nothing beyond chance.
function strike(parent, item, radius, x, y) {
  if (item.forgot === false) node(parent, "path", { d: `M${x - radius},${y}H${x + radius}`, class: "strike" });
}

function turned(parent, marker, radius, x, y, kind) {
  const made = dot(parent, marker, radius, x, y, kind);
  made.setAttribute("transform", `translate(${x},${y}) rotate(45)`);
  return made;
}

function sample(parent, method, isLine = false) {
  const svg = document.createElementNS(SVG, "svg");
  const reach = isLine ? 16 : 7;
  svg.setAttribute("viewBox", `${-reach} -7 ${2 * reach} 14`);
  svg.setAttribute("aria-hidden", "true");
  if (isLine) svg.setAttribute("class", "line");
  parent.append(svg);
  const group = node(svg, "g", { class: "method", style: `--mark:${method.colour}` });
  if (isLine) node(group, "path", { d: "M-16,0H16", class: "thread best", style: dashed(method, 2.8) });
  dot(group, method.marker, 5, 0, 0, "fill");
}

// Returns the style of a method's line: its dashes are in widths of the line.
function dashed(method, width) {
  const lengths = method.dashes.map((length) => length * width);
  return lengths.length ? `stroke-dasharray:${lengths.join(" ")}` : "";
}

// Makes a chart of the canvas' width with both axes; x and y turn values into places in it.
function frame(canvas, options) {
  const width = Math.floor(canvas.clientWidth) || 320;
  const { height, xAxis, yAxis, label } = options;
  const left = options.left === undefined ? 54 : options.left;
  const box = { left, right: width - 12, top: 12, bottom: height - (options.xLabel ? 42 : 24) };
  const svg = chart(canvas, width, height, label);
  const acrossShare = share(xAxis);
  const upShare = share(yAxis);
  const x = (value) => box.left + acrossShare(value) * (box.right - box.left);
  const y = (value) => box.bottom - upShare(value) * (box.bottom - box.top);
  let end = -Infinity;
  for (const tick of ticksOf(xAxis, Math.floor((box.right - box.left) / 56))) {
    node(svg, "path", { d: `M${x(tick)},${box.top}V${box.bottom}`, class: "rule" });
    const at = { x: x(tick), y: box.bottom + 16, "text-anchor": "middle", class: "soft" };
    const text = node(svg, "text", at, said(tick));
    const half = text.getComputedTextLength() / 2;
    if (x(tick) - half < end + 6 || x(tick) + half > width) text.remove();
    else end = x(tick) + half;
  }
  for (const tick of ticksOf(yAxis, Math.floor((box.bottom - box.top) / 34))) {
    node(svg, "path", { d: `M${box.left},${y(tick)}H${box.right}`, class: "rule" });
    const at = { x: box.left - 6, y: y(tick) + 4, "text-anchor": "end", class: "soft" };
    node(svg, "text", at, tick === yAxis.zero_at ? "0" : said(tick));
  }
  const corner = `M${box.left},${box.top}V${box.bottom}H${box.right}`;
  node(svg, "path", { d: corner, class: "axis" });
  if (options.xLabel) {
    const middle = { x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" };
    node(svg, "text", middle, options.xLabel);
  }
  if (options.yLabel) {
    const turn = `translate(12,${(box.top + box.bottom) / 2}) rotate(-90)`;
    node(svg, "text", { transform: turn, "text-anchor": "middle" }, options.yLabel);
  }
  return { svg, x, y, box, width, height };
}

function chart(canvas, width, height, label) {
  const size = { viewBox: `0 0 ${width} ${height}`, height, class: "chart" };
  const access = { role: "group", tabindex: "0", "aria-label": label };
  const svg = node(canvas, "svg", { ...size, ...access });
  return svg;
}

// Writes names beside points so that none covers another, with a line where one is far away.
function writeNames(made, points) {
  const { box } = made;
  const taken = points.map((p) => [p.x - 9, p.y - 9, p.x + 9, p.y + 9]);
  for (const point of points) {
    const text = node(made.svg, "text", { class: "halo" }, point.name);
    const wide = text.getComputedTextLength() + 4;
    const free = candidates(point, wide).filter((c) => isInside(c, box));
    const place = free.find((c) => !taken.some((t) => overlaps(c, t))) || free[0] || [point.x, point.y, point.x + wide, point.y + 14];
    taken.push(place);
    text.setAttribute("x", place[0] + 2);
    text.setAttribute("y", place[3] - 3);
    const end = [clamp(point.x, place[0], place[2]), clamp(point.y, place[1], place[3])];
    if (Math.hypot(end[0] - point.x, end[1] - point.y) > 16) {
      const line = node(made.svg, "path", { class: "lead", d: `M${point.x},${point.y}L${end}` });
      made.svg.insertBefore(line, made.namesBelow || text);
    }
  }
}

function candidates(point, wide) {
  const found = [];
  for (const reach of [10, 18, 30, 44, 60, 80, 104, 132, 164, 200]) {
    for (let step = 0; step < 12; step += 1) {
      const angle = (Math.PI * step) / 6;
      const x = point.x + Math.cos(angle) * (reach + wide / 2);
      const y = point.y + Math.sin(angle) * reach;
      found.push([x - wide / 2, y - 8, x + wide / 2, y + 8]);
    }
  }
  return found;
}

function isInside(a, box) {
  return a[0] >= box.left && a[2] <= box.right && a[1] >= box.top && a[3] <= box.bottom;
}

function overlaps(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
