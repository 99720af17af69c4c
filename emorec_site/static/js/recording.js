// The recording's page: player, chart and list of moments show the same instant.

const session = document.getElementById("session");
const player = document.getElementById("player");
const charts = [...session.querySelectorAll("[data-figure]")];
const segments = JSON.parse(document.getElementById("segments").textContent);
const labels = JSON.parse(document.getElementById("emotion-labels").textContent);
const at = (id) => document.getElementById(id);
let seconds = 0;
let shown = null;

function clock(value) {
  const whole = Math.round(value);
  const rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

function badge(name, unclear) {
  const dot = document.createElement("span");
  dot.className = name ? `emotion-dot emotion-${name}` : "emotion-dot";
  const box = document.createElement("span");
  box.className = !name && unclear ? "emotion emotion-unclear" : "emotion";
  box.append(dot, labels[name] ?? unclear ?? session.dataset.gap);
  return box;
}

// Segments overlap; the one whose middle is nearest speaks for the instant. A click on a moment of the list goes to its
// beginning, though, and means that moment.
function segmentAt(time) {
  let best = null;
  let distance = Infinity;
  for (const segment of segments) {
    const [, start, end] = segment;
    if (Math.abs(start - time) < 0.001) return segment;
    const away = Math.abs((start + end) / 2 - time);
    if (time >= start && time < end && away < distance) [best, distance] = [segment, away];
  }
  return best;
}

function showMoment() {
  const segment = segmentAt(seconds);
  if (segment === shown) return;
  shown = segment;
  at("correction").replaceChildren();
  const [, start, end, label, corrected, unclear] = segment ?? [null, 0, 0, null, null, null];
  at("moment-span").textContent = segment ? `${clock(start)}–${clock(end)}` : "";
  at("moment-label").replaceChildren(segment ? badge(corrected ?? (unclear ? null : label), unclear) : "–");
  at("moment-corrected").hidden = !corrected;
  at("moment-model").textContent = corrected ? (unclear ?? labels[label]) : "";
  if (at("moment-correct")) at("moment-correct").hidden = !label;
}

function tell() {
  for (const chart of charts) chart.dispatchEvent(new CustomEvent("playhead", { detail: { seconds } }));
  showMoment();
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

player?.addEventListener("play", follow);
player?.addEventListener("seeked", follow);
player?.addEventListener("timeupdate", () => player.paused && follow());
session.addEventListener("seek", (event) => seek(event.detail.seconds));
session.addEventListener("chart-ready", tell);

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-seek]");
  if (!link) return;
  event.preventDefault();
  seek(link.dataset.seek);
  session.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
});

at("moment-correct")?.addEventListener("click", () => {
  player?.pause();
  const address = session.dataset.correct.replace("/0/", `/${shown[0]}/`);
  window.htmx.ajax("GET", address, { target: "#correction", swap: "innerHTML" });
});

function fromAddress() {
  const asked = /^#t=([\d.]+)$/.exec(location.hash);
  if (asked) seek(asked[1]);
}
addEventListener("hashchange", fromAddress);
fromAddress();
showMoment();
