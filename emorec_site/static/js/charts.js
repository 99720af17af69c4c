// Draws every [data-figure] element with Plotly from the JSON beside it, and offers its numbers as a table.
// Elements with a shared time axis take "playhead" events and send "seek" events, both with detail.seconds.

const NARROW = 600;
const TITLE = 36;

// The page has its own heading and buttons: the figure's are taken out, and its views become HTML buttons.
function prepare(figure, narrow) {
  const { title, updatemenus, ...layout } = figure.layout;
  const prepared = {
    ...layout,
    autosize: true,
    height: undefined,
    dragmode: narrow ? false : layout.dragmode,
    font: { ...layout.font, family: getComputedStyle(document.body).fontFamily, size: narrow ? 11 : 13 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { ...layout.margin, t: 12, ...(narrow ? { l: 40, r: 8 } : {}) },
  };
  return { layout: prepared, views: updatemenus?.[0]?.buttons ?? [] };
}

function offerViews(box, views) {
  const place = document.querySelector(`[data-views-of="${box.dataset.figure}"]`);
  if (!place || views.length < 2) return;
  const buttons = views.map((view, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = view.label;
    button.setAttribute("aria-pressed", String(index === 0));
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      const [property, values] = view.args;
      window.Plotly.restyle(box, { [property]: values });
    });
    return button;
  });
  place.replaceChildren(...buttons);
}

async function draw(box) {
  const figure = JSON.parse(document.getElementById(box.dataset.figure).textContent);
  const narrow = box.clientWidth < NARROW;
  const { layout, views } = prepare(figure, narrow);
  box.style.height = `${(figure.layout.height ?? 320) - (narrow ? 0 : TITLE)}px`;
  box.replaceChildren();
  await window.Plotly.newPlot(box, figure.data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  offerViews(box, views);
}

// A click in the plot area, wherever it lands, becomes the time under the pointer.
function timeAt(box, event) {
  const area = box.querySelector(".nsewdrag").getBoundingClientRect();
  return box._fullLayout.xaxis.p2d(event.clientX - area.left);
}

function keepPlayhead(box) {
  const line = document.createElement("div");
  line.className = "playhead";
  line.hidden = true;
  box.append(line);
  let seconds = null;
  const place = () => {
    if (seconds === null || !box._fullLayout) return;
    const { xaxis, _size: size } = box._fullLayout;
    const x = xaxis.d2p(seconds);
    line.hidden = x < 0 || x > xaxis._length;
    line.style.transform = `translateX(${xaxis._offset + x}px)`;
    line.style.top = `${size.t}px`;
    line.style.height = `${size.h}px`;
  };
  box.addEventListener("playhead", (event) => {
    seconds = event.detail.seconds;
    place();
  });
  box.on("plotly_afterplot", () => {
    if (!line.isConnected) box.append(line);
    place();
  });
  box.on("plotly_click", (event) => {
    box.dispatchEvent(new CustomEvent("seek", { bubbles: true, detail: { seconds: timeAt(box, event.event) } }));
  });
}

function cell(kind, text) {
  const element = document.createElement(kind);
  element.textContent = text;
  return element;
}

function shown(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (typeof value === "number") return value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 3 });
  return String(value);
}

// A regular trace has only a start and a step instead of every x.
function positions(trace) {
  const count = trace.y.length;
  return trace.x ?? Array.from({ length: count }, (_, index) => trace.x0 + index * trace.dx);
}

// One row per x, one column per named trace that is shown.
function fillTable(box, place) {
  const traces = box._fullData.filter((trace) => trace.name && trace.y?.length && trace.visible === true && trace.showlegend !== false);
  const rows = new Map();
  traces.forEach((trace, column) => {
    positions(trace).forEach((x, index) => {
      const key = String(x);
      if (!rows.has(key)) rows.set(key, { x, values: [] });
      rows.get(key).values[column] = trace.y[index];
    });
  });
  rows.delete("null");
  const table = document.createElement("table");
  table.className = "table table-sm";
  const head = table.createTHead().insertRow();
  head.append(cell("th", box._fullLayout.xaxis.title?.text ?? ""), ...traces.map((trace) => cell("th", trace.name)));
  const body = table.createTBody();
  for (const { x, values } of [...rows.values()].sort((one, other) => (one.x < other.x ? -1 : 1))) {
    body.insertRow().append(cell("td", shown(x)), ...traces.map((_, column) => cell("td", shown(values[column]))));
  }
  place.replaceChildren(table);
}

async function start(box) {
  try {
    await draw(box);
  } catch (error) {
    box.textContent = "";
    throw error;
  }
  keepPlayhead(box);
  box.dispatchEvent(new CustomEvent("chart-ready", { bubbles: true }));
  const numbers = document.querySelector(`[data-numbers-of="${box.dataset.figure}"]`);
  numbers?.addEventListener("toggle", () => {
    if (numbers.open) fillTable(box, numbers.querySelector("div"));
  });
}

for (const box of document.querySelectorAll("[data-figure]")) start(box);
