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
import "./styles/uppy.css";

import { forget, isDealtWith, note } from "./upload/dealt-with.js";
import { ask, clear, tellArrival, tellRefusal } from "./upload/outcome.js";
import { choose, chosen, form, missing, recordedNow, searchWhileTyping, settings } from "./upload/page.js";
import { explain, isFinal, isWorthRetrying } from "./upload/refusal.js";

// What the answer to the last byte said about the recording that the upload has become.
const became = { recording: "", duplicate: false };
const refused = new Set();

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
    const lacks = missing(meta);
    if (lacks) {
      ask(lacks);
      return false;
    }
    clear();
    const named = (file) => ({ ...file, meta: { ...file.meta, ...meta, filename: file.name } });
    return Object.fromEntries(Object.entries(files).map(([id, file]) => [id, named(file)]));
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
    onAfterResponse(_request, response) {
      became.recording = response.getHeader("Upload-Recording") ?? became.recording;
      became.duplicate = response.getHeader("Upload-Duplicate") === "1" || became.duplicate;
    },
    onShouldRetry: isWorthRetrying,
  })
  .use(GoldenRetriever, { expires: 48 * 60 * 60 * 1000 });

uppy.on("file-added", (file) => {
  if (file.source === "Webcam") recordedNow();
});
// A restored file knows its student; the form shows it again.
uppy.on("restored", () => {
  for (const file of uppy.getFiles()) {
    if (isDealtWith(file)) uppy.removeFile(file.id);
  }
  const student = uppy.getFiles()[0]?.meta.student;
  if (student) choose(student);
});
uppy.on("upload", () => {
  Object.assign(became, { recording: "", duplicate: false });
  forget();
});
uppy.on("upload-success", (file) => {
  note(file);
  tellArrival(became);
});
uppy.on("upload-error", (file, error) => {
  const problem = explain(error);
  tellRefusal(problem);
  if (isFinal(error, problem.code)) refused.add(file.id);
});
// What the server refused would be refused again: it is taken away, here and from what Golden Retriever has kept.
uppy.on("complete", ({ failed }) => {
  for (const file of failed ?? []) {
    if (!refused.delete(file.id)) continue;
    note(file);
    uppy.removeFile(file.id);
  }
});

searchWhileTyping();
if (!form.elements.recorded_at.value) recordedNow();
