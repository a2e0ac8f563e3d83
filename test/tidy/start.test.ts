// What a program pays for by importing the front door: the modules that come with it at once. Data types of their own
// size, storing, networking and the engines come when something asks for them; a start would parse them for nothing.
import { build } from "esbuild";
import { expect, test } from "vitest";

const ENTRY = "host/index.ts";

/** The modules that static imports reach from `ENTRY`. */
async function modulesAtOnce(): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [ENTRY],
    outdir: "unwritten",
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
  const found = new Set([ENTRY]);
  for (const path of found) {
    for (const imported of metafile.inputs[path]?.imports ?? []) {
      if (imported.kind === "import-statement" && !imported.external) found.add(imported.path);
    }
  }
  return [...found].sort();
}

test("the front door brings the handles of common types alone, no store, no network and no engine", async () => {
  const modules = await modulesAtOnce();
  const handles = modules.filter((path) => path.endsWith("-handle.ts"));
  const common = ["container", "counter", "flag", "map", "register", "set"];
  expect(handles).toEqual(common.map((name) => `host/replica/${name}-handle.ts`));
  const onDemand =
    /^host\/(?:store|net|engine\/wasm|engine\/baseline|replica\/(?:graph|list|vote|bounded))\//;
  expect(modules.filter((path) => onDemand.test(path))).toEqual([]);
});
