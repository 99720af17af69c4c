// What the page says about an upload: a box of words, and for a finished one the analysis' progress.
import { byId, element } from "../shared/dom.js";
import { settings, words } from "./page.js";

const outcome = byId("upload-outcome");

function say(kind, title, text, code) {
  const box = element("div", `alert alert-${kind}`, element("p", "fw-bold mb-1", title), element("p", "mb-0", text));
  box.setAttribute("role", kind === "warning" ? "alert" : "status");
  if (code) box.append(element("p", "small text-secondary mb-0 mt-1", words.quote.replace("%s", code)));
  outcome.replaceChildren(box);
  return box;
}

function link(recording, text) {
  const anchor = element("a", "btn btn-primary mt-2", text);
  anchor.href = settings.recordingUrl.replace(settings.placeholder, recording);
  return anchor;
}

/** Says nothing any more. */
export const clear = () => outcome.replaceChildren();

/** Something is to be done before the upload can begin. */
export const ask = (what) => say("warning", what, "");

/** Why an upload did not succeed, with a link if it is because the recording is there already. */
export function tellRefusal({ title, text, code, recording }) {
  const box = say("warning", title, text, code);
  if (recording) box.append(link(recording, words.openExisting));
}

/** The upload has become a recording, or turned out to be one that is there already. */
export function tellArrival({ recording, duplicate }) {
  const box = duplicate
    ? say("info", words.duplicate, words.duplicateNext)
    : say("success", words.received, words.receivedNext);
  if (!recording) return;
  box.append(link(recording, duplicate ? words.openExisting : words.open));
  if (!duplicate) followAnalysis(recording);
}

function followAnalysis(recording) {
  const progress = element("div");
  outcome.append(progress);
  const address = settings.statusUrl.replace(settings.placeholder, recording);
  window.htmx.ajax("GET", address, { target: progress, swap: "outerHTML" });
}
