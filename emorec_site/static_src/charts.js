// Draws every [data-figure] element with Plotly from the JSON beside it, and offers its numbers as a table.
// Elements with a shared time axis take "playhead" events and send "seek" events, both with detail.seconds.
import { draw } from "./charts/figure.js";
import { offerNumbers } from "./charts/numbers.js";
import { keepPlayhead } from "./charts/playhead.js";
import { offerViews } from "./charts/views.js";

async function start(box) {
  try {
    offerViews(box, await draw(box));
  } catch (error) {
    box.textContent = "";
    throw error;
  }
  keepPlayhead(box);
  offerNumbers(box);
  box.dispatchEvent(new CustomEvent("chart-ready", { bubbles: true }));
}

for (const box of document.querySelectorAll("[data-figure]")) start(box);
