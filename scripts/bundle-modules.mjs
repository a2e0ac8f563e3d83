// Bundles host/ into dist/, so that a start reads few files: a module costs Node about a millisecond to find, read and
// link, whatever its size. For Node everything the front door imports at once is one chunk, with the platform of Node and
// the loader inside the engine's chunk; what is imported on demand stays apart. Browsers get a build of their own below
// dist/browser/: applications bundle it again, so its chunks need no care and its dependencies stay imports.
import { cpSync } from "node:fs";
import { resolve } from "node:path";
import { build as esbuild } from "esbuild";
import { build as rolldown } from "rolldown";

const ENTRIES = {
  index: "host/index.ts",
  relay: "host/relay.ts",
  overlay: "host/overlay/index.ts",
  "cli/main": "host/cli/main.ts",
};
const KEPT_AS_IMPORTS = /^(?:node:.*|cli-progress|commander|level|ws)$/;
const LOADER = /[\\/]@assemblyscript[\\/]loader[\\/]/;
const LOADER_NOTICE =
  "/*! Contains @assemblyscript/loader, Apache-2.0: licenses/assemblyscript-LICENSE and -NOTICE in this folder's parent. */";

/** The modules that `entry` cannot do without: those it reaches through static imports, itself included. */
async function modulesAtOnce(entry) {
  const { metafile } = await esbuild({
    entryPoints: [entry],
    outdir: "dist",
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
    conditions: ["source"],
    logLevel: "error",
  });
  const found = new Set([entry]);
  for (const path of found) {
    for (const imported of metafile.inputs[path].imports) {
      if (imported.kind === "import-statement" && !imported.external) found.add(imported.path);
    }
  }
  return new Set([...found].map((path) => resolve(path)));
}

async function bundleForNode() {
  const host = await modulesAtOnce(ENTRIES.index);
  await rolldown({
    input: ENTRIES,
    platform: "node",
    external: KEPT_AS_IMPORTS,
    resolve: { conditionNames: ["source", "node", "import", "default"] },
    logLevel: "warn",
    output: {
      dir: "dist",
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name]-[hash].js",
      sourcemap: true,
      sourcemapExcludeSources: true,
      banner: ({ moduleIds }) => (moduleIds.some((id) => LOADER.test(id)) ? LOADER_NOTICE : ""),
      codeSplitting: { groups: [{ name: "host", test: (id) => host.has(id) }] },
    },
  });
  for (const name of ["LICENSE", "NOTICE"]) {
    cpSync(`node_modules/assemblyscript/${name}`, `dist/licenses/assemblyscript-${name}`);
  }
}

const bundleForBrowsers = () =>
  esbuild({
    entryPoints: { index: ENTRIES.index, overlay: ENTRIES.overlay },
    outdir: "dist/browser",
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    packages: "external",
    conditions: ["source"],
    sourcemap: true,
    sourcesContent: false,
    logLevel: "warning",
  });

await bundleForNode();
await bundleForBrowsers();
