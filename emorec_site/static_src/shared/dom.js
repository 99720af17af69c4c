// What several scripts do with the page.

/** The element with this id; null if the page has none. */
export const byId = (id) => document.getElementById(id);

/** The data that a template has put into the page with `json_script`. */
export const pageData = (id) => JSON.parse(byId(id).textContent);

/** A new element with a class and a content: texts or elements. */
export function element(kind, className = "", ...content) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  made.append(...content);
  return made;
}
