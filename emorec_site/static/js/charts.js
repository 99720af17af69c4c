// Draws every [data-figure] element with Plotly from the JSON beside it, and offers its numbers as a table.
// Elements with a shared time axis take "playhead" events and send "seek" events, both with detail.seconds.

const NARROW = 600;

function draw(box) {
  const figure = JSON.parse(document.getElementById(box.dataset.figure).textContent);
  const narrow = box.clientWidth < NARROW;
  const layout = {
    ...figure.layout,
    autosize: true,
    width: undefined,
    height: undefined,
    dragmode: false,
    font: { family: getComputedStyle(document.body).fontFamily, size: narrow ? 11 : 13, color: "#2b363c", ...figure.layout?.font },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: narrow ? { l: 46, r: 10, t: 10, b: 40 } : { l: 56, r: 16, t: 10, b: 48, ...figure.layout?.margin },
    legend: { orientation: "h", y: -0.22, x: 0, ...(narrow ? {} : figure.layout?.legend) },
  };
  delete layout.title;
  box.replaceChildren();
  return window.Plotly.newPlot(box, figure.data, layout, {
    responsive: true,
    displaylogo: false,
    displayModeBar: false,
    scrollZoom: false,
  });
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
  return String(value).replace("T", " ").replace(/:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?$/, "");
}

// One row per x, one column per named trace.
function fillTable(box, place) {
  const traces = box._fullData.filter((trace) => trace.name && trace.x && trace.y && trace.showlegend !== false);
  const rows = new Map();
  traces.forEach((trace, column) => {
    for (let i = 0; i < trace.x.length; i += 1) {
      const key = String(trace.x[i]);
      if (!rows.has(key)) rows.set(key, { x: trace.x[i], values: [] });
      rows.get(key).values[column] = trace.y[i];
    }
  });
  const table = document.createElement("table");
  table.className = "table table-sm";
  const head = table.createTHead().insertRow();
  head.append(cell("th", box._fullLayout.xaxis.title?.text ?? ""), ...traces.map((trace) => cell("th", trace.name)));
  const body = table.createTBody();
  for (const { x, values } of rows.values()) {
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
