// The recording's page: player, chart and list of moments show the same instant.
import { listen } from "./recording/listen.js";
import { showMoment, shownMoment } from "./recording/moment.js";
import { listenForStretches, offerStretch } from "./recording/stretch.js";
import { followTranscript, showSentence } from "./recording/transcript.js";
import { byId } from "./shared/dom.js";

const session = byId("session");
const player = byId("player");
const charts = [...session.querySelectorAll("[data-figure]")];
let seconds = 0;

function tell() {
  for (const chart of charts) chart.dispatchEvent(new CustomEvent("playhead", { detail: { seconds } }));
  showMoment(seconds);
  offerStretch(shownMoment());
  showSentence(seconds);
}

function seek(time) {
  seconds = Math.max(0, Number(time) || 0);
  if (player) player.currentTime = seconds;
  tell();
}

function follow() {
  seconds = player.currentTime;
  tell();
  if (!player.paused) requestAnimationFrame(follow);
}

function seekFromAddress() {
  const asked = /^#t=([\d.]+)$/.exec(location.hash);
  if (asked) seek(asked[1]);
}

/** A player that cannot show what the file holds says so in words, in place of a black or dead box. */
function tellIfUnplayable() {
  const { error } = player;
  const isRefused = error && error.code >= error.MEDIA_ERR_DECODE;
  const isWithoutPicture = player.videoWidth === 0 && player.readyState >= player.HAVE_METADATA;
  if (!isRefused && !isWithoutPicture) return;
  byId("player-problem").hidden = false;
  player.hidden = isRefused;
}

player?.addEventListener("error", tellIfUnplayable);
player?.addEventListener("loadedmetadata", tellIfUnplayable);
if (player) tellIfUnplayable();
player?.addEventListener("play", follow);
player?.addEventListener("seeked", follow);
player?.addEventListener("timeupdate", () => player.paused && follow());
session.addEventListener("seek", (event) => seek(event.detail.seconds));
session.addEventListener("chart-ready", tell);

document.addEventListener("click", (event) => {
  const sample = event.target.closest("[data-listen]");
  if (sample && player) {
    event.preventDefault();
    listen(player, sample);
    return;
  }
  const link = event.target.closest("[data-seek]");
  if (!link) return;
  event.preventDefault();
  seek(link.dataset.seek);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  session.scrollIntoView({ behavior: still ? "auto" : "smooth" });
});

byId("moment-correct")?.addEventListener("click", () => {
  player?.pause();
  const address = session.dataset.correct.replace("/0/", `/${shownMoment().id}/`);
  window.htmx.ajax("GET", address, { target: "#correction", swap: "innerHTML" });
});

listenForStretches(() => seconds);
followTranscript(player, seek, () => seconds);
addEventListener("hashchange", seekFromAddress);
seekFromAddress();
tell();
