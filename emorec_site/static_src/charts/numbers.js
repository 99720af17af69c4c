import { element } from "../shared/dom.js";

/** A value as the reader's language writes it. */
function shown(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (typeof value !== "number") return String(value);
  return value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 3 });
}

/** Every x of a trace; a regular one has only a start and a step. */
function positions(trace) {
  return trace.x ?? Array.from(trace.y, (_, index) => trace.x0 + index * trace.dx);
}

const listed = (trace) => trace.name && trace.y?.length && trace.visible === true && trace.showlegend !== false;

/** One row per x, one column per named trace that is shown. */
function table(box) {
  const traces = box._fullData.filter(listed);
  const rows = new Map();
  traces.forEach((trace, column) => {
    positions(trace).forEach((x, index) => {
      const key = String(x);
      if (!rows.has(key)) rows.set(key, { x, values: [] });
      rows.get(key).values[column] = trace.y[index];
    });
  });
  rows.delete("null");
  const made = element("table", "table table-sm");
  const headings = [box._fullLayout.xaxis.title?.text ?? "", ...traces.map((trace) => trace.name)];
  made
    .createTHead()
    .insertRow()
    .append(...headings.map((heading) => element("th", "", heading)));
  const body = made.createTBody();
  for (const { x, values } of [...rows.values()].sort((one, other) => (one.x < other.x ? -1 : 1))) {
    const cells = [x, ...traces.map((_, column) => values[column])];
    body.insertRow().append(...cells.map((value) => element("td", "", shown(value))));
  }
  return made;
}

/** Fills the table behind the chart whenever somebody opens it. */
export function offerNumbers(box) {
  const numbers = document.querySelector(`[data-numbers-of="${box.dataset.figure}"]`);
  numbers?.addEventListener("toggle", () => {
    if (numbers.open) numbers.querySelector("div").replaceChildren(table(box));
  });
}
