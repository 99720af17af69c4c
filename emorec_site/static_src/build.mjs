// Builds emorec_site/static/vendor/ from node_modules: everything the browser loads comes from our own server.
// Run by `npm run build`; `python -m emorec_site.assets` installs, runs it, and skips it when nothing changed.
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const modules = path.join(root, "node_modules");
const target = path.resolve(here, "../static/vendor");
const draft = `${target}.new`;

// Tabler's icon names; templates use them as {% icon "bell" %}.
const ICONS = [
  "activity", "alert-circle", "arrow-left", "arrow-right", "bell", "calendar", "camera", "chart-line", "check", "checks",
  "chevron-right", "circle-check", "clipboard-check", "clock", "device-floppy", "download", "edit", "eye", "eye-off",
  "file-text", "file-upload", "filter", "flag", "flask", "heart-handshake", "help", "history", "home", "id",
  "info-circle", "key", "language", "list-check", "lock", "logout", "microphone", "mood-smile", "player-play",
  "player-stop", "plus", "refresh", "search", "settings", "shield-check", "table", "trash", "trending-up", "upload",
  "user", "user-plus", "users", "video", "x",
];

async function icons() {
  const symbols = await Promise.all(ICONS.map(async (name) => {
    const svg = await readFile(path.join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
    const shapes = svg.match(/<(path|circle|line|rect|polyline|polygon)\b[^>]*>/g).filter((shape) => !shape.includes('stroke="none"'));
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.join("")}</symbol>`;
  }));
  await writeFile(path.join(draft, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}

async function copies() {
  const files = {
    "tabler.js": "@tabler/core/dist/js/tabler.min.js",
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "plotly.js": "plotly.js-basic-dist-min/plotly-basic.min.js",
  };
  for (const [name, source] of Object.entries(files)) {
    // The source maps stay behind, so the comment that points at them goes too.
    const text = await readFile(path.join(modules, source), "utf8");
    await writeFile(path.join(draft, name), text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
  }
  const css = await readFile(path.join(modules, "@tabler/core/dist/css/tabler.min.css"), "utf8");
  await writeFile(path.join(draft, "tabler.css"), css.replace(/\/\*# sourceMappingURL=.*?\*\/\s*$/, "\n"));
}

async function bundles() {
  await build({
    entryPoints: { upload: path.join(here, "upload.js") },
    outdir: draft,
    nodePaths: [modules],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "linked",
    logLevel: "warning",
  });
}

async function licences() {
  const require = createRequire(import.meta.url);
  const names = ["@tabler/core", "@tabler/icons", "@uppy/core", "htmx.org", "plotly.js-basic-dist-min"];
  const lines = names.map((name) => {
    const { version, license } = JSON.parse(require("node:fs").readFileSync(path.join(modules, name, "package.json"), "utf8"));
    return `${name} ${version} ${license}`;
  });
  await writeFile(path.join(draft, "LICENCES.txt"), `${lines.join("\n")}\n`);
}

await rm(draft, { recursive: true, force: true });
await mkdir(draft, { recursive: true });
await Promise.all([icons(), copies(), bundles(), licences()]);
await rm(target, { recursive: true, force: true });
await rename(draft, target);
