// How htmx's partial updates end where the page has changed behind them.

/** Signed out meanwhile: the answer would be the sign-in page; load the whole page instead. */
export function followSignIn() {
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname.startsWith("/login")) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
}

/** A panel that keeps asking stops when there is nothing more to ask for. */
export function stopAsking() {
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 404) event.detail.elt.closest("[data-poll]")?.remove();
  });
}
