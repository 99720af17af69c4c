import { pageData } from "../shared/dom.js";

const NARROW = 600;
const LEGEND_ROOM = 36;

/** The server's layout in the page's own font; on a phone smaller, without dragging, which there scrolls the page. */
function fitted(layout, narrow) {
  const { height: _, updatemenus: __, ...rest } = layout;
  return {
    ...rest,
    dragmode: narrow ? false : layout.dragmode,
    font: {
      ...layout.font,
      family: getComputedStyle(document.body).fontFamily,
      ...(narrow && { size: 11 }),
    },
    margin: { ...layout.margin, ...(narrow && { l: 40, r: 8 }) },
  };
}

/**
 * Draws the figure of an element; on a phone it is higher, because the legend takes more lines.
 * Returns the figure's views, which are left out of the drawing: the page has HTML buttons for them.
 */
export async function draw(box) {
  const { data, layout } = pageData(box.dataset.figure);
  const narrow = box.clientWidth < NARROW;
  box.style.height = `${layout.height + (narrow ? LEGEND_ROOM : 0)}px`;
  box.replaceChildren();
  await window.Plotly.newPlot(box, data, fitted(layout, narrow), {
    responsive: true,
    displaylogo: false,
    displayModeBar: false,
  });
  return layout.updatemenus?.[0]?.buttons ?? [];
}
