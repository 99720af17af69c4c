// The upload page's form and what the server says about itself.
import { byId, pageData } from "../shared/dom.js";

export const form = byId("upload-form");
export const settings = pageData("upload-settings");
export const words = settings.words;

function localNow() {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

/** The recording is being made now. */
export function recordedNow() {
  form.elements.recorded_at.value = localNow();
}

/** Whose recording it is and when it was made; empty texts for what has not been chosen. */
export function chosen() {
  const student = form.querySelector('input[name="student"]:checked');
  const recordedAt = form.elements.recorded_at.value;
  return { student: student?.value ?? "", recorded_at: recordedAt ? new Date(recordedAt).toISOString() : "" };
}

/** What is still to be chosen, in words; empty if nothing is. */
export function missing({ student, recorded_at: recordedAt }) {
  if (!student) return words.chooseStudent;
  return recordedAt ? "" : words.chooseTime;
}

/** Chooses a student; one who is not on the list comes from the server. */
export function choose(student) {
  const listed = form.querySelector(`input[name="student"][value="${CSS.escape(student)}"]`);
  if (listed) listed.checked = !listed.disabled;
  else window.htmx.ajax("POST", form.action, { target: "#student-list", values: { student } });
}

/** The search asks the server while one types; only without scripts is the form itself sent. */
export function searchWhileTyping() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    window.htmx.trigger("#student-search", "look");
  });
}
