/** Signing out leaves nothing of an unfinished upload in a browser that others may use. */
export function forgetOnSignOut() {
  for (const form of document.querySelectorAll("form[data-sign-out]")) {
    form.addEventListener("submit", () => {
      localStorage.clear();
      indexedDB.deleteDatabase("uppy-blobs");
    });
  }
}
