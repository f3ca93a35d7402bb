// The page: filters, theme, the card of a trial, and tables that sort.

const data = JSON.parse(document.getElementById("data").textContent);
const byPlace = new Map(data.trials.map((trial) => [`${trial.label} ${trial.number}`, trial]));
const view = {
  methods: new Set(data.methods.map((method) => method.label)),
  states: new Set(["feasible", "infeasible", "failed"]),
  budget: "trials",
  curve: curveNames()[0] || "loss",
};
const DRAWN = {
  pareto: drawPareto,
  response: drawResponse,
  progress: drawProgress,
  training: drawTraining,
  parallel: drawParallel,
  importance: drawImportance,
};
const card = document.getElementById("card");
let pinned = null;
let opener = null;

function draw() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const canvas = figure.querySelector(".canvas");
    canvas.replaceChildren();
    DRAWN[figure.dataset.chart](canvas, view);
  }
  filterRows();
  const num = shownTrials(view).length;
  document.getElementById("count").textContent = `${num} of ${data.trials.length} trials are shown.`;
}

function filterRows() {
  const known = new Set(data.methods.map((method) => method.label));
  for (const row of document.querySelectorAll("tbody tr")) {
    const { method } = row.dataset;
    const trial = trialOf(row);
    const isOut = known.has(method) && !view.methods.has(method);
    row.hidden = isOut || Boolean(trial && !view.states.has(trial.state));
  }
}

function trialOf(row) {
  return byPlace.get(`${row.dataset.method} ${row.dataset.number}`);
}

function setUpFilters() {
  const place = document.getElementById("methods");
  for (const method of data.methods) {
    const label = element(place, "label");
    const box = element(label, "input", { type: "checkbox", name: "method", value: method.label });
    box.checked = true;
    sample(label, method);
    label.append(method.label);
  }
  const form = document.getElementById("filters");
  form.addEventListener("change", () => {
    for (const name of ["method", "state"]) {
      const boxes = [...form.querySelectorAll(`input[name=${name}]:checked`)];
      view[`${name}s`] = new Set(boxes.map((box) => box.value));
    }
    draw();
  });
  for (const [id, checked] of [["all", true], ["none", false]]) {
    document.getElementById(id).addEventListener("click", () => {
      for (const box of form.querySelectorAll("input[name=method]")) box.checked = checked;
      form.dispatchEvent(new Event("change"));
    });
  }
  for (const control of document.querySelectorAll("[data-control]")) {
    const key = control.dataset.control;
    if (key === "curve") {
      for (const name of curveNames()) element(control, "option", { value: name }, curveTitle(name));
    }
    control.addEventListener("change", () => {
      view[key] = control.value;
      draw();
    });
  }
}

function setUpTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  document.getElementById("theme").addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });
}

function line(list, name, value) {
  if (value === null || value === undefined || value === "") return;
  element(list, "dt", {}, name);
  element(list, "dd", {}, typeof value === "number" ? said(value) : String(value));
}

function begin(title) {
  card.replaceChildren();
  element(card, "h4", {}, title);
  return element(card, "dl");
}

function finish(command) {
  if (command) {
    element(card, "p", {}, "Evaluate it again; with --retrain, train it again first:");
    element(card, "code", {}, command);
    const copy = element(card, "button", { type: "button" }, "Copy the command");
    copy.addEventListener("click", () => copyText(command, copy));
  }
  const close = element(card, "button", { type: "button", class: "close", "aria-label": "Close" }, "\u00d7");
  close.addEventListener("click", unpin);
}

function copyText(text, button) {
  const told = () => { button.textContent = "Copied"; };
  const select = () => getSelection().selectAllChildren(button.previousElementSibling);
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(told, select);
  else select();
}

function fillTrial(trial) {
  const list = begin(`${trial.label}, trial ${trial.number}: ${trial.state}${trial.best ? ", the best" : ""}`);
  if (trial.reason) element(card, "p", {}, trial.reason);
  line(list, "lr", trial.lr);
  line(list, "L1", trial.l1);
  for (const [name, value] of Object.entries(trial.params)) line(list, name, value);
  for (const [name, value] of Object.entries(trial.metrics)) line(list, heading(name), value);
  line(list, "seconds", trial.seconds);
  line(list, "job", trial.job);
  finish(trial.command);
}

function fillRow(row) {
  const list = begin(row.cells[0].textContent.trim());
  const headings = [...row.closest("table").tHead.rows[0].cells];
  [...row.cells].slice(1).forEach((cell, i) => line(list, headings[i + 1].textContent.trim(), cell.textContent.trim()));
  line(list, "job", row.dataset.job);
  finish(row.dataset.repeat);
}

function show(x, y) {
  card.hidden = false;
  const { width, height } = card.getBoundingClientRect();
  card.style.left = `${Math.max(8, Math.min(x + 16, innerWidth - width - 8))}px`;
  card.style.top = `${Math.max(8, Math.min(y + 16, innerHeight - height - 8))}px`;
}

function light(id) {
  for (const mark of document.querySelectorAll(".on")) mark.classList.remove("on");
  if (id === null) return;
  for (const mark of document.querySelectorAll(`[data-trial="${id}"]`)) mark.classList.add("on");
  for (const row of document.querySelectorAll("tr[data-number]")) {
    row.classList.toggle("on", trialOf(row) === data.trials[id]);
  }
}

function hide() {
  card.hidden = true;
  light(null);
}

function pin(from) {
  pinned = true;
  opener = from;
  card.classList.add("pinned");
  show(parseFloat(card.style.left) - 16, parseFloat(card.style.top) - 16);
}

function unpin() {
  const back = opener;
  pinned = opener = null;
  card.classList.remove("pinned");
  hide();
  if (back && back.isConnected) back.focus();
}

function trialAt(target) {
  const mark = target instanceof Element && target.closest("[data-trial]");
  return mark && mark.dataset.trial !== "" ? data.trials[Number(mark.dataset.trial)] : null;
}

function setUpCard() {
  document.addEventListener("pointerover", (event) => {
    const trial = trialAt(event.target);
    if (!trial || pinned) return;
    fillTrial(trial);
    light(trial.id);
    show(event.clientX, event.clientY);
  });
  document.addEventListener("pointerout", (event) => {
    if (trialAt(event.target) && !pinned) hide();
  });
  document.addEventListener("click", (event) => {
    const trial = trialAt(event.target);
    if (trial) {
      fillTrial(trial);
      light(trial.id);
      show(event.clientX, event.clientY);
      pin(event.target.closest("svg"));
    } else if (pinned && !card.contains(event.target) && !event.target.closest("tbody button")) {
      unpin();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !card.hidden) unpin();
    else if (document.activeElement instanceof SVGSVGElement) step(event, document.activeElement);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target instanceof SVGSVGElement && !pinned) hide();
  });
}

// Goes from trial to trial in a chart that has the focus.
function step(event, svg) {
  const ids = [...new Set([...svg.querySelectorAll("[data-trial]")].map((m) => Number(m.dataset.trial)))];
  const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!ids.length || (!move && event.key !== "Enter")) return;
  event.preventDefault();
  ids.sort((a, b) => a - b);
  const at = ids.indexOf(Number(svg.dataset.at));
  if (move) {
    const next = ids[at < 0 ? 0 : (at + move + ids.length) % ids.length];
    svg.dataset.at = next;
    fillTrial(data.trials[next]);
    light(next);
    const box = svg.querySelector(`[data-trial="${next}"]`).getBoundingClientRect();
    show(box.right, box.bottom);
  } else if (!card.hidden) {
    pin(svg);
    card.querySelector("button").focus();
  }
}

function setUpTables() {
  for (const table of document.querySelectorAll("table[data-table]")) {
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      head.querySelector("button").addEventListener("click", () => sort(table, head, i));
    });
    for (const row of table.tBodies[0].rows) {
      for (const cell of row.cells) cell.classList.toggle("long", cell.textContent.length > 40);
      if (row.dataset.repeat || trialOf(row)) addButton(row);
    }
  }
}

function addButton(row) {
  const [cell] = row.cells;
  const text = cell.textContent.trim();
  const trial = trialOf(row);
  cell.replaceChildren();
  const name = trial ? `${text}, trial ${trial.number}: details` : `${text}: details`;
  const button = element(cell, "button", { type: "button", "aria-label": name }, text);
  button.addEventListener("click", () => {
    if (trial) fillTrial(trial);
    else fillRow(row);
    light(trial ? trial.id : null);
    const box = button.getBoundingClientRect();
    show(box.right, box.bottom);
    pin(button);
  });
}

function sort(table, head, index) {
  const isDown = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentElement.cells) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows];
  const heads = rows.filter((row) => "head" in row.dataset);
  const rest = rows.filter((row) => !("head" in row.dataset));
  rest.sort((a, b) => compared(a.cells[index].dataset.value, b.cells[index].dataset.value, isDown ? -1 : 1));
  table.tBodies[0].append(...heads, ...rest);
}

// Numbers by size, texts by the alphabet; what is empty or no number comes last either way.
function compared(a, b, sign) {
  const lost = (value) => value === "" || value === "nan";
  if (lost(a) || lost(b)) return lost(a) - lost(b);
  const [x, y] = [Number(a), Number(b)];
  const isNumber = !Number.isNaN(x) && !Number.isNaN(y);
  return sign * (isNumber ? x - y : a.localeCompare(b));
}

let width = 0;
new ResizeObserver(() => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  requestAnimationFrame(draw);
}).observe(document.body);

setUpFilters();
setUpTheme();
setUpCard();
setUpTables();
