// The panel under the player: what was recognised at this instant.
import { byId, element, pageData } from "../shared/dom.js";
import { clock } from "./clock.js";

const labels = pageData("emotion-labels");
const moments = pageData("segments").map(([id, start, end, label, corrected, unclear, taken]) => ({
  id,
  start,
  end,
  label,
  corrected,
  unclear,
  taken,
}));
let shown;

/** The moment on show; null in a gap. */
export const shownMoment = () => shown ?? null;

/**
 * Moments overlap; the one whose middle is nearest speaks for the instant. A click on a moment of the list goes to its
 * beginning, though, and means that moment.
 */
function momentAt(time) {
  const begun = moments.find(({ start }) => Math.abs(start - time) < 0.001);
  if (begun) return begun;
  const away = ({ start, end }) => Math.abs((start + end) / 2 - time);
  const around = moments.filter(({ start, end }) => time >= start && time < end);
  return around.reduce((best, other) => (best && away(best) <= away(other) ? best : other), null);
}

function badge({ label, corrected, unclear, taken }) {
  const name = corrected ?? (unclear ? null : label);
  const dot = element("span", name ? `emotion-dot emotion-${name}` : "emotion-dot");
  const words = labels[name] ?? unclear ?? taken ?? byId("session").dataset.gap;
  return element("span", !name && unclear ? "emotion emotion-unclear" : "emotion", dot, words);
}

/** Shows the moment of this second, if another one is on show. */
export function showMoment(seconds) {
  const moment = momentAt(seconds);
  if (moment === shown) return;
  shown = moment;
  const { start, end, label, corrected, unclear } = moment ?? {};
  byId("correction").replaceChildren();
  byId("moment-span").textContent = moment ? `${clock(start)}–${clock(end)}` : "";
  byId("moment-label").replaceChildren(moment ? badge(moment) : "–");
  byId("moment-corrected").hidden = !corrected;
  byId("moment-model").textContent = corrected ? (unclear ?? labels[label]) : "";
  const button = byId("moment-correct");
  if (button) button.hidden = !label;
}
