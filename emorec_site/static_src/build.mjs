// Builds emorec_site/static/built/ from these sources and node_modules: everything the browser loads comes from our own
// server. Run by make (setup.mk) when a file of this folder or a package changed.
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { ICONS } from "./icons.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const modules = path.join(root, "node_modules");
const target = path.resolve(here, "../static/built");
const draft = `${target}.new`;

// What pages load; each is bundled with all it imports.
const ENTRIES = ["site.js", "charts.js", "recording.js", "upload.js", "styles/emorec.css"];

async function icons() {
  const symbols = await Promise.all(
    ICONS.map(async (name) => {
      const svg = await readFile(path.join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
      const shapes = svg
        .match(/<(path|circle|line|rect|polyline|polygon)\b[^>]*>/g)
        .filter((shape) => !shape.includes('stroke="none"'));
      return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.join("")}</symbol>`;
    }),
  );
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
    entryPoints: ENTRIES.map((name) => path.join(here, name)),
    entryNames: "[name]",
    outdir: draft,
    nodePaths: [modules],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "linked",
    logLevel: "warning",
  });
}

async function licences() {
  const names = ["@tabler/core", "@tabler/icons", "@uppy/core", "htmx.org", "plotly.js-basic-dist-min"];
  const lines = await Promise.all(
    names.map(async (name) => {
      const about = JSON.parse(await readFile(path.join(modules, name, "package.json"), "utf8"));
      return `${name} ${about.version} ${about.license}`;
    }),
  );
  await writeFile(path.join(draft, "LICENCES.txt"), `${lines.join("\n")}\n`);
}

await rm(draft, { recursive: true, force: true });
await mkdir(draft, { recursive: true });
await Promise.all([icons(), copies(), bundles(), licences()]);
await rm(target, { recursive: true, force: true });
await rename(draft, target);
