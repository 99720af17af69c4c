// What was said, beside the player: a click on a word or a time goes there, the sentence being said is marked, and the
// player gets its captions. The panel comes by itself and may be replaced while the text is being written.
import { byId } from "../shared/dom.js";

let sentences = [];
let said = null;

function read() {
  said = null;
  sentences = [...document.querySelectorAll("#transcript .sentence")].map((line) => ({
    line,
    start: Number(line.dataset.start),
    end: Number(line.dataset.end),
  }));
}

/** Only the list scrolls, never the page. */
function bringIntoView(line) {
  const list = line.parentElement;
  const away = line.offsetTop - list.offsetTop - list.scrollTop;
  if (away < 0 || away + line.offsetHeight > list.clientHeight) {
    list.scrollTop += away - list.clientHeight / 3;
  }
}

function captioned(player) {
  const panel = byId("transcript");
  if (!panel?.dataset.captions || !(player instanceof HTMLVideoElement) || player.querySelector("track")) return;
  const track = document.createElement("track");
  track.kind = "captions";
  track.src = panel.dataset.captions;
  track.srclang = panel.dataset.language;
  track.label = panel.dataset.captionsLabel;
  player.append(track);
}

/** Marks the sentence of this second. */
export function showSentence(seconds) {
  const now = sentences.find(({ start, end }) => seconds >= start - 0.05 && seconds < end + 0.3) ?? null;
  if (now === said) return;
  said?.line.removeAttribute("aria-current");
  now?.line.setAttribute("aria-current", "true");
  if (now) bringIntoView(now.line);
  said = now;
}

/** Connects the panel with the player; `seek(seconds)` goes to a second, `now()` is the second on show. */
export function followTranscript(player, seek, now) {
  document.addEventListener("click", (event) => {
    const spot = event.target.closest("#transcript [data-at]");
    if (spot) seek(spot.dataset.at);
  });
  document.body.addEventListener("htmx:load", (event) => {
    if (event.target.id !== "transcript") return;
    read();
    captioned(player);
    showSentence(now());
  });
  read();
  captioned(player);
}
