import { words } from "./page.js";

/** Why it failed: the server answers a refusal with {code, message, next_step}; else the connection broke. */
export function explain(error) {
  try {
    const body = JSON.parse(error.originalResponse.getBody());
    const problem = body.error ?? body;
    if (problem.message) return { title: problem.message, text: problem.next_step ?? "", ...problem };
  } catch {
    // No readable answer: the sentence about the connection is all there is to say.
  }
  return { title: words.connection, text: words.connectionNext };
}

/** Whether this very content was refused. A lost session, a missing consent or a busy server can change. */
export function isFinal(error, code) {
  const status = error.originalResponse?.getStatus() ?? 0;
  return Boolean(code) && (status === 413 || status === 415 || status === 422 || code === "duplicate");
}

/** Whether sending again by itself may help: a broken connection, another writer, an offset that moved, an error. */
export function isWorthRetrying(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  return status === 0 || status === 409 || status === 423 || status >= 500;
}
