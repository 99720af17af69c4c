// What every page needs: errors of partial updates are said in words instead of staying silent.
document.body.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 404) event.detail.elt.closest("[data-poll]")?.removeAttribute("hx-trigger");
});
