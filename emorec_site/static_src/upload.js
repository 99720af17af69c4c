// The upload page: a resumable upload by file or by camera, tied to the student and the time chosen in the form.
import Uppy from "@uppy/core";
import Dashboard from "@uppy/dashboard";
import GoldenRetriever from "@uppy/golden-retriever";
import zhHans from "@uppy/locales/lib/zh_CN.js";
import Tus from "@uppy/tus";
import Webcam from "@uppy/webcam";

import "@uppy/core/css/style.min.css";
import "@uppy/dashboard/css/style.min.css";
import "@uppy/webcam/css/style.min.css";

const form = document.getElementById("upload-form");
const settings = JSON.parse(document.getElementById("upload-settings").textContent);
const outcome = document.getElementById("upload-outcome");
const words = settings.words;

function localNow() {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function chosen() {
  const student = form.querySelector('input[name="student"]:checked');
  const recordedAt = form.elements.recorded_at.value;
  return { student: student?.value ?? "", recorded_at: recordedAt ? new Date(recordedAt).toISOString() : "" };
}

// The server answers a refusal with {code, message, next_step}; anything else is a broken connection.
function explain(error) {
  try {
    const body = JSON.parse(error.originalResponse.getBody());
    const problem = body.error ?? body;
    if (problem.message) return { title: problem.message, text: problem.next_step ?? "", ...problem };
  } catch {
    // No readable answer: fall through to the sentence about the connection.
  }
  return { title: words.connection, text: words.connectionNext };
}

function say(kind, title, text, code) {
  const box = document.createElement("div");
  box.className = `alert alert-${kind}`;
  box.setAttribute("role", kind === "warning" ? "alert" : "status");
  const heading = document.createElement("p");
  heading.className = "fw-bold mb-1";
  heading.textContent = title;
  const body = document.createElement("p");
  body.className = "mb-0";
  body.textContent = text;
  box.append(heading, body);
  if (code) {
    const quote = document.createElement("p");
    quote.className = "small text-secondary mb-0 mt-1";
    quote.textContent = words.quote.replace("%s", code);
    box.append(quote);
  }
  outcome.replaceChildren(box);
  return box;
}

function link(recording, text) {
  const anchor = document.createElement("a");
  anchor.className = "btn btn-primary mt-2";
  anchor.href = settings.recordingUrl.replace(settings.placeholder, recording);
  anchor.textContent = text;
  return anchor;
}

// A refusal of this very content. A lost session, a missing consent or a busy server can change; the file stays.
function isFinal(status, code) {
  return status === 413 || status === 415 || status === 422 || code === "duplicate";
}
const refused = new Set();

// Golden Retriever writes down at most twice a second what it keeps. Whoever leaves the page sooner finds a file there that
// has long arrived (or been refused), in the place of the picker. So the last one dealt with is noted here, at once.
const dealtWith = {
  key: "emorec-dealt-with",
  note(file) {
    try {
      localStorage.setItem(this.key, file.id);
    } catch {
      // No storage: then Golden Retriever keeps nothing for long either.
    }
  },
  forget() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // As above.
    }
  },
  is(file) {
    try {
      return localStorage.getItem(this.key) === file.id;
    } catch {
      return false;
    }
  },
};

// What the answer to the last byte said about the recording that the upload has become.
const became = { recording: "", duplicate: false };

function finished() {
  const { recording, duplicate } = became;
  const box = duplicate
    ? say("info", words.duplicate, words.duplicateNext)
    : say("success", words.received, words.receivedNext);
  if (!recording) return;
  box.append(link(recording, duplicate ? words.openExisting : words.open));
  if (duplicate) return;
  const progress = document.createElement("div");
  outcome.append(progress);
  window.htmx.ajax("GET", settings.statusUrl.replace(settings.placeholder, recording), { target: progress, swap: "outerHTML" });
}

const uppy = new Uppy({
  id: "emorec",
  autoProceed: false,
  locale: settings.language.startsWith("zh") ? zhHans : undefined,
  restrictions: {
    maxNumberOfFiles: 1,
    maxFileSize: settings.maxBytes,
    minFileSize: 1,
    allowedFileTypes: settings.extensions,
  },
  onBeforeUpload(files) {
    const meta = chosen();
    const missing = meta.student ? (meta.recorded_at ? "" : words.chooseTime) : words.chooseStudent;
    if (missing) {
      say("warning", missing, "");
      return false;
    }
    outcome.replaceChildren();
    return Object.fromEntries(
      Object.entries(files).map(([id, file]) => [id, { ...file, meta: { ...file.meta, ...meta, filename: file.name } }]),
    );
  },
})
  .use(Dashboard, {
    inline: true,
    target: "#uppy",
    width: "100%",
    height: 340,
    proudlyDisplayPoweredByUppy: false,
    hideProgressDetails: false,
    note: settings.note,
    theme: "light",
    fileManagerSelectionType: "files",
  })
  .use(Webcam, { modes: ["video-audio"], mirror: true, showRecordingLength: true, showVideoSourceDropdown: true })
  .use(Tus, {
    endpoint: settings.endpoint,
    headers: { "X-CSRFToken": settings.csrf },
    allowedMetaFields: ["student", "recorded_at", "filename"],
    chunkSize: 4 * 1024 * 1024,
    retryDelays: [0, 1000, 3000, 5000, 10000],
    removeFingerprintOnSuccess: true,
    onAfterResponse: (_request, response) => {
      became.recording = response.getHeader("Upload-Recording") ?? became.recording;
      became.duplicate = response.getHeader("Upload-Duplicate") === "1" || became.duplicate;
    },
    onShouldRetry: (error) => {
      const status = error.originalResponse?.getStatus() ?? 0;
      return status === 0 || status === 409 || status === 423 || status >= 500;
    },
  })
  .use(GoldenRetriever, { expires: 48 * 60 * 60 * 1000 });

uppy.on("file-added", (file) => {
  if (file.source === "Webcam") form.elements.recorded_at.value = localNow();
});
// A restored file knows its student; the form shows it again, from the server if it is not on the list.
uppy.on("restored", () => {
  for (const file of uppy.getFiles()) {
    if (dealtWith.is(file)) uppy.removeFile(file.id);
  }
  const student = uppy.getFiles()[0]?.meta.student;
  if (!student) return;
  const listed = form.querySelector(`input[name="student"][value="${CSS.escape(student)}"]`);
  if (listed) listed.checked = !listed.disabled;
  else window.htmx.ajax("POST", form.action, { target: "#student-list", values: { student } });
});
uppy.on("upload", () => {
  Object.assign(became, { recording: "", duplicate: false });
  dealtWith.forget();
});
uppy.on("upload-success", (file) => {
  dealtWith.note(file);
  finished();
});
uppy.on("upload-error", (file, error) => {
  const { title, text, code, recording } = explain(error);
  const box = say("warning", title, text, code);
  if (recording) box.append(link(recording, words.openExisting));
  if (code && isFinal(error.originalResponse.getStatus(), code)) refused.add(file.id);
});
// What the server refused would be refused again: it is taken away, here and from what Golden Retriever has kept.
uppy.on("complete", ({ failed }) => {
  for (const file of failed ?? []) {
    if (!refused.delete(file.id)) continue;
    dealtWith.note(file);
    uppy.removeFile(file.id);
  }
});

// The search asks the server while one types; only without scripts is the form itself sent.
form.addEventListener("submit", (event) => {
  event.preventDefault();
  window.htmx.trigger("#student-search", "look");
});
if (!form.elements.recorded_at.value) form.elements.recorded_at.value = localNow();
