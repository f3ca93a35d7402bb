// The page: what is shown of it, its charts, filters and theme.

let data;
let byPlace;
takeData(document);

// Takes the sweep's data from a page.
function takeData(page) {
  data = JSON.parse(page.getElementById("data").textContent);
  byPlace = new Map(data.trials.map((trial) => [`${trial.label} ${trial.number}`, trial]));
}

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

function draw() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const canvas = figure.querySelector(".canvas");
    canvas.replaceChildren();
    drawOne(figure.dataset.chart, canvas);
  }
  filterRows();
  const num = shownTrials(view).length;
  document.getElementById("count").textContent = `${num} of ${data.trials.length} trials are shown.`;
}

// Draws a chart; one that cannot be drawn says so and leaves the others alone.
function drawOne(name, canvas) {
  try {
    DRAWN[name](canvas, view);
  } catch (error) {
    canvas.replaceChildren();
    nothing(canvas, `This chart could not be drawn: ${error.message}`);
    console.error(error);
  }
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
}

function setUpControls() {
  for (const control of document.querySelectorAll("[data-control]")) {
    const key = control.dataset.control;
    if (key === "curve") {
      for (const name of curveNames()) element(control, "option", { value: name }, curveTitle(name));
    }
    control.value = view[key];
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

let width = 0;
new ResizeObserver(() => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  requestAnimationFrame(draw);
}).observe(document.body);

setUpFilters();
setUpControls();
setUpTheme();
setUpCard();
setUpTables();
setUpFolds();
