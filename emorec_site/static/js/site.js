// What every page needs besides Tabler and htmx.

// Signed out meanwhile: the answer to a partial update would be the sign-in page; load the whole page instead.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.responseURL && new URL(xhr.responseURL).pathname.startsWith("/login")) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

// A panel that keeps asking stops when there is nothing more to ask for.
document.body.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 404) event.detail.elt.closest("[data-poll]")?.remove();
});

// Signing out leaves nothing of an unfinished upload in a browser that others may use.
for (const form of document.querySelectorAll("form[data-sign-out]")) {
  form.addEventListener("submit", () => {
    localStorage.clear();
    indexedDB.deleteDatabase("uppy-blobs");
  });
}
