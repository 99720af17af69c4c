// Golden Retriever writes down at most twice a second what it keeps. Whoever leaves the page sooner finds a file there
// that has long arrived (or been refused), in the place of the picker. So the last one dealt with is noted here, at
// once. Without storage nothing is noted, but then Golden Retriever keeps nothing for long either.
const KEY = "emorec-dealt-with";

function attempt(use) {
  try {
    return use();
  } catch {
    return null;
  }
}

export const note = (file) => attempt(() => localStorage.setItem(KEY, file.id));
export const forget = () => attempt(() => localStorage.removeItem(KEY));
export const isDealtWith = (file) => attempt(() => localStorage.getItem(KEY)) === file.id;
