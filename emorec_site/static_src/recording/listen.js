// A few seconds of one voice in the page's player: from its link's start to its end, or until stopped.
let sample = null;

function end() {
  sample?.link.classList.remove("is-playing");
  sample = null;
}

function stopInTime(player) {
  // Somebody who seeks elsewhere goes on listening there: "seeking" says so a moment later.
  if (sample && !player.seeking && player.currentTime >= sample.stop) player.pause();
}

function watch(player) {
  stopInTime(player);
  if (sample) requestAnimationFrame(() => watch(player));
}

function leaves(player) {
  return sample && (player.currentTime < sample.start - 0.5 || player.currentTime > sample.stop);
}

const prepared = new WeakSet();

function prepare(player) {
  if (prepared.has(player)) return;
  prepared.add(player);
  player.addEventListener("pause", end);
  player.addEventListener("seeking", () => leaves(player) && end());
  // Frames stop while the page is hidden; this goes on.
  player.addEventListener("timeupdate", () => stopInTime(player));
}

/** Plays what `link` names in `data-listen="start,stop"`, in seconds; a second click stops it. */
export function listen(player, link) {
  prepare(player);
  if (sample?.link === link) {
    player.pause();
    return;
  }
  end();
  const [start, stop] = link.dataset.listen.split(",").map(Number);
  sample = { link, start, stop };
  link.classList.add("is-playing");
  player.currentTime = start;
  player.play().catch(end);
  watch(player);
}
