// Bundles host/ into dist/, so that a start reads few files: a module costs Node about a millisecond to find, read and
// link, whatever its size. For Node everything the front door imports at once is one chunk, with the platform of Node, and
// with the WebAssembly engine and its module, which nearly every program asks for next; what else is imported on demand
// (data types, storing, networking, the other engine) stays apart. Browsers get a build of their own below
// dist/browser/: applications bundle it again, so its chunks need no care and its dependencies stay imports.
import { cpSync } from "node:fs";
import { resolve } from "node:path";
import { build as esbuild } from "esbuild";
import { build as rolldown } from "rolldown";

const ENTRIES = {
  index: "host/index.ts",
  relay: "host/relay.ts",
  overlay: "host/overlay/index.ts",
  memory: "host/memory/index.ts",
  access: "host/access/index.ts",
  agents: "host/agents/index.ts",
  federated: "host/federated/index.ts",
  "backbone/index": "host/backbone/index.ts",
  "simulator/index": "host/simulator/index.ts",
  tabs: "host/tabs/index.ts",
  learning: "host/learning/index.ts",
  "cli/main": "host/cli/main.ts",
};
const WASM_ENGINE = "host/engine/wasm/wasm-engine.ts";
const KEPT_AS_IMPORTS =
  /^(?:node:.*|@modelcontextprotocol\/.*|@nats-io\/.*|@noble\/.*|cli-progress|commander|fflate|jose|level|shamir-secret-sharing|stemmer|ws|zod)$/;
const LOADER = /[\\/]@assemblyscript[\\/]loader[\\/]/;
const LOADER_NOTICE =
  "/*! Contains @assemblyscript/loader, Apache-2.0: licenses/assemblyscript-LICENSE and -NOTICE in this folder's parent. */";

/** The modules that `entries` cannot do without: those they reach through static imports, themselves included. */
async function modulesAtOnce(entries) {
  const { metafile } = await esbuild({
    entryPoints: entries,
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
  const found = new Set(entries);
  for (const path of found) {
    for (const imported of metafile.inputs[path].imports) {
      if (imported.kind === "import-statement" && !imported.external) found.add(imported.path);
    }
  }
  return new Set([...found].map((path) => resolve(path)));
}

/** Turns the engine's import on demand into one at once. Fails the build where the import reads otherwise. */
const engineAtOnce = {
  name: "engine-at-once",
  transform(code, id) {
    if (resolve(id) !== resolve("host/engine/load-engine.ts")) return null;
    const onDemand = 'const { createWasmEngine } = await import("./wasm/wasm-engine.ts");';
    if (!code.includes(onDemand)) throw new Error(`${id} does not say ${onDemand}`);
    // At the end, and a line for a line, so that the source map stays true.
    const imported = `import { createWasmEngine } from "./wasm/wasm-engine.ts";\n`;
    return { code: code.replace(onDemand, "") + imported, map: null };
  },
};

async function bundleForNode() {
  const host = await modulesAtOnce([ENTRIES.index, WASM_ENGINE]);
  await rolldown({
    input: ENTRIES,
    platform: "node",
    external: KEPT_AS_IMPORTS,
    plugins: [engineAtOnce],
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
    entryPoints: {
      index: ENTRIES.index,
      access: ENTRIES.access,
      agents: ENTRIES.agents,
      memory: ENTRIES.memory,
      federated: ENTRIES.federated,
      overlay: ENTRIES.overlay,
      tabs: ENTRIES.tabs,
      learning: ENTRIES.learning,
    },
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
