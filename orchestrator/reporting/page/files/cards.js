// Cards: what is said of a trial, of a finalist and of a table's row, and how one is opened.
// An item is {kind, index}: the place of a trial, or of a finalist, in the page's data.

const card = document.getElementById("card");
let pinned = null;
let opener = null;

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
  sayForgotten(trial);
  line(list, "lr", trial.lr);
  line(list, "L1", trial.l1);
  for (const [name, value] of Object.entries(trial.params)) line(list, name, value);
  for (const [name, value] of Object.entries(trial.metrics)) line(list, heading(name), value);
  line(list, "seconds", trial.seconds);
  line(list, "job", trial.job);
  finish(trial.command);
}

function fillFinal(final) {
  const list = begin(`${final.name}, finalist: ${final.feasible ? "feasible" : "infeasible"}`);
  if (final.missed) element(card, "p", {}, `Its mean is ${final.missed}.`);
  sayForgotten(final);
  line(list, "rank", final.rank === null ? "none" : final.rank);
  line(list, "repeats", `trial ${final.number}`);
  line(list, "seeds", final.seeds.join(", "));
  for (const [name, value] of Object.entries(final.settings)) line(list, name, value);
  for (const [name, value] of Object.entries(final.metrics)) line(list, heading(name), interval(value));
  line(list, "job", final.job);
  finish(final.command);
}

function sayForgotten(item) {
  if (item.forgot === false) element(card, "p", {}, "It forgot nothing beyond chance.");
}

function interval({ mean, low, high }) {
  if (mean === null) return null;
  return low === null || high === null ? said(mean) : `${said(mean)} [${said(low)}, ${said(high)}]`;
}

function fill(item) {
  if (item.kind === "final") fillFinal(data.finals[item.index]);
  else fillTrial(data.trials[item.index]);
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

// Has the marks and rows of an item stand out; null: none.
function light(item) {
  for (const mark of document.querySelectorAll(".on")) mark.classList.remove("on");
  if (item === null) return;
  for (const mark of document.querySelectorAll(`[data-${item.kind}="${item.index}"]`)) mark.classList.add("on");
  for (const row of document.querySelectorAll("[data-table] tbody tr")) {
    const isIts = item.kind === "trial"
      ? "number" in row.dataset && trialOf(row) === data.trials[item.index]
      : row.closest("[data-table=table]") && row.dataset.job === data.finals[item.index].job;
    row.classList.toggle("on", Boolean(isIts));
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

// Returns the item of a mark, {kind, index}.
function itemOf(mark) {
  const kind = "final" in mark.dataset ? "final" : "trial";
  return { kind, index: Number(mark.dataset[kind]) };
}

// Returns the mark at the pointer; where several are, the one whose middle is the nearest.
function markAt({ clientX: x, clientY: y, target }) {
  if (!(target instanceof Element) || !target.closest("[data-trial], [data-final]")) return null;
  const found = document.elementsFromPoint(x, y).filter((e) => e.classList.contains("hit"));
  const far = (hit) => {
    if (hit.tagName !== "circle") return 6;
    const box = hit.getBoundingClientRect();
    return Math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y);
  };
  const nearest = found.reduce((best, hit) => (!best || far(hit) < far(best) ? hit : best), null);
  return (nearest || target).closest("[data-trial], [data-final]");
}

function setUpCard() {
  document.addEventListener("pointermove", (event) => {
    if (pinned || card.contains(event.target)) return;
    const mark = markAt(event);
    if (!mark) {
      if (!card.hidden && !(document.activeElement instanceof SVGSVGElement)) hide();
      return;
    }
    if (card.hidden || !mark.classList.contains("on")) {
      fill(itemOf(mark));
      light(itemOf(mark));
    }
    show(event.clientX, event.clientY);
  });
  document.addEventListener("click", (event) => {
    const mark = markAt(event);
    if (mark) {
      fill(itemOf(mark));
      light(itemOf(mark));
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

// Goes from mark to mark in a chart that has the focus: from trial to trial, then the finalists.
function step(event, svg) {
  const marks = new Map([...svg.querySelectorAll("[data-trial], [data-final]")].map((m) => [placeIn(m), m]));
  const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!marks.size || (!move && event.key !== "Enter")) return;
  event.preventDefault();
  const places = [...marks.keys()].sort((a, b) => a - b);
  const at = places.indexOf(Number(svg.dataset.at ?? NaN));
  if (move) {
    const next = places[at < 0 ? 0 : (at + move + places.length) % places.length];
    svg.dataset.at = next;
    const mark = marks.get(next);
    fill(itemOf(mark));
    light(itemOf(mark));
    const box = mark.getBoundingClientRect();
    show(box.right, box.bottom);
  } else if (!card.hidden) {
    pin(svg);
    card.querySelector("button").focus();
  }
}

function placeIn(mark) {
  const { kind, index } = itemOf(mark);
  return kind === "final" ? data.trials.length + index : index;
}
