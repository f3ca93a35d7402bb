// The page of a sweep that may run: asks what is new, and takes it in unless a card is open.

const EVERY_MS = 2000;
let version = null;

async function ask() {
  try {
    const answer = await fetch("now", { cache: "no-store" });
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
    const { page, html } = await answer.json();
    takeNow(html);
    if (version === null) version = document.getElementById("data").dataset.version;
    if (page !== version && !pinned) version = await takePage();
  } catch (error) {
    sayLost(error.message);
  }
  setTimeout(ask, EVERY_MS);
}

function takeNow(html) {
  const now = document.getElementById("now");
  const open = openDetails(now);
  now.innerHTML = html;
  openAgain(now, open);
  const { title } = now.querySelector("[data-title]").dataset;
  if (document.title !== title) document.title = title;
}

function sayLost(why) {
  const now = document.getElementById("now");
  if (now.querySelector(".lost")) return;
  const text = `What stands here is not new any more: the program that shows it is gone (${why}).`;
  now.prepend(Object.assign(document.createElement("p"), { className: "gaps lost", textContent: text }));
}

// Takes the whole page anew, as a reader has set it up; returns its version.
async function takePage() {
  const answer = await fetch("./", { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.getElementById("data");
  if (!answer.ok || !found) return version;
  const [at, folds, sorts, scrolls] = [scrollY, unfoldedTables(), sortedTables(), scrolledTables()];
  const [open, focus] = [openDetails(document), focusIn()];
  takeData(page);
  for (const part of ["header > div", "nav", "main"]) {
    document.querySelector(part).replaceChildren(...page.querySelector(part).childNodes);
  }
  takeOptional(page, ".gaps");
  takeOptional(page, ".answer");
  setUpControls();
  setUpTables();
  setUpFolds();
  for (const name of folds) document.querySelector(`button.unfold[data-for="${name}"]`)?.click();
  for (const [name, column, times] of sorts) {
    const head = tableNamed(name)?.tHead.rows[0].cells[column];
    for (let i = 0; head && i < times; i += 1) head.querySelector("button").click();
  }
  openAgain(document, open);
  draw();
  for (const [name, left, top] of scrolls) tableNamed(name)?.parentElement.scrollTo({ left, top, behavior: "instant" });
  scrollTo({ top: at, behavior: "instant" });
  focus()?.focus({ preventScroll: true });
  return found.dataset.version;
}

// Takes what a page has or has not, below what goes on: what is missing, the sentences of its answer.
function takeOptional(page, part) {
  document.querySelector(`body > ${part}`)?.remove();
  const fresh = page.querySelector(`body > ${part}`);
  if (fresh) document.getElementById("now").after(fresh);
}

// Returns the names of tables whose minor columns a reader has unfolded.
function unfoldedTables() {
  const open = document.querySelectorAll('button.unfold[aria-expanded="true"]');
  return [...open].map((button) => button.dataset.for);
}

// Returns which tables a reader has sorted: by which column, and how often its head was pressed.
function sortedTables() {
  return [...document.querySelectorAll("table[data-table]")].flatMap((table) => {
    const heads = [...table.tHead.rows[0].cells];
    const column = heads.findIndex((head) => head.getAttribute("aria-sort") !== "none");
    if (column < 0) return [];
    return [[table.dataset.table, column, heads[column].getAttribute("aria-sort") === "ascending" ? 1 : 2]];
  });
}

// Returns how far tables are scrolled, each by its name.
function scrolledTables() {
  const tables = [...document.querySelectorAll("table[data-table]")];
  return tables.map((table) => [table.dataset.table, table.parentElement.scrollLeft, table.parentElement.scrollTop]);
}

function tableNamed(name) {
  return document.querySelector(`table[data-table="${name}"]`);
}

function openDetails(place) {
  return new Set([...place.querySelectorAll("details[open] > summary")].map(nameOf));
}

function nameOf(summary) {
  return `${summary.closest("[id]")?.id} ${summary.textContent.replace(/\d/g, "")}`;
}

function openAgain(place, open) {
  for (const summary of place.querySelectorAll("details > summary")) {
    summary.parentElement.open = open.has(nameOf(summary));
  }
}

// Returns who finds what has the focus now again, once its part of the page was made anew.
function focusIn() {
  const held = document.activeElement;
  const part = held?.closest("main [id], main [data-chart]");
  if (!part) return () => null;
  const can = "a, button, select, summary, [tabindex]";
  const name = part.id ? `[id="${part.id}"]` : `[data-chart="${part.dataset.chart}"]`;
  const index = [...part.querySelectorAll(can)].indexOf(held);
  return () => document.querySelector(`main ${name}`)?.querySelectorAll(can)[index];
}

setTimeout(ask, EVERY_MS);
