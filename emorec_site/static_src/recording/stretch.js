// The form "Whose is this stretch?": its times follow the moment on show until somebody edits them.
import { byId } from "../shared/dom.js";
import { exactClock } from "./clock.js";

const form = byId("stretch-form");
let edited = false;

function fill(start, end) {
  form.elements.start_s.value = exactClock(start);
  form.elements.end_s.value = exactClock(end);
}

/** Offers the moment on show as the stretch. */
export function offerStretch(moment) {
  if (form && moment && !edited) fill(moment.start, moment.end);
}

/** Buttons that take a time from the player, and links of the list of moments that fill the form. */
export function listenForStretches(position) {
  if (!form) return;
  form.addEventListener("input", () => {
    edited = true;
  });
  for (const button of form.querySelectorAll("[data-now]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      edited = true;
      form.elements[button.dataset.now].value = exactClock(position());
    });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-whose]");
    if (!link) return;
    event.preventDefault();
    edited = true;
    fill(...link.dataset.whose.split(" ").map(Number));
    byId("stretches").scrollIntoView({ block: "nearest" });
    form.elements.who.focus();
  });
}
