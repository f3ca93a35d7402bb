// Tables: the rows that are shown, the cards that they open, and their order.

function filterRows() {
  const known = new Set(data.methods.map((method) => method.label));
  const isOut = (label) => known.has(label) && !view.methods.has(label);
  for (const row of document.querySelectorAll("[data-table] tbody tr")) {
    const trial = trialOf(row);
    row.hidden = methodsOf(row).some(isOut) || Boolean(trial && !view.states.has(trial.state));
  }
}

function methodsOf(row) {
  return JSON.parse(row.dataset.methods);
}

function trialOf(row) {
  return byPlace.get(`${methodsOf(row)[0]} ${row.dataset.number}`);
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

// Buttons that show a table's minor columns, and fold them away again.
function setUpFolds() {
  for (const button of document.querySelectorAll("button.unfold")) {
    const table = document.querySelector(`table[data-table="${button.dataset.for}"]`);
    button.addEventListener("click", () => {
      const isFolded = table.classList.toggle("folded");
      button.setAttribute("aria-expanded", String(!isFolded));
      button.textContent = isFolded ? "All columns" : "Fewer columns";
    });
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
    light(trial ? { kind: "trial", index: trial.id } : null);
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
  const [x, y] = [numberOf(a), numberOf(b)];
  const isNumber = !Number.isNaN(x) && !Number.isNaN(y);
  if (!isNumber) return sign * a.localeCompare(b);
  return x === y ? 0 : sign * (x < y ? -1 : 1);
}

// Returns the number that a text of the CSV stands for; NaN if it is none.
function numberOf(text) {
  return { inf: Infinity, "-inf": -Infinity }[text] ?? Number(text);
}
