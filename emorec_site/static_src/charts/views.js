import { element } from "../shared/dom.js";

/** Fills the place the page has for the figure's views with a button for each. */
export function offerViews(box, views) {
  const place = document.querySelector(`[data-views-of="${box.dataset.figure}"]`);
  if (!place || views.length < 2) return;
  const buttons = views.map((view, index) => {
    const button = element("button", "btn", view.label);
    button.type = "button";
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
