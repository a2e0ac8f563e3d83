// The package itself: bytes of the WebAssembly module and of the host entry in a bundle, and the time from import to
// the first mutation in a fresh process (dist/ as a consumer gets it, file cache warm, median of 15).
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { median } from "../timing.ts";
import type { Figure, Workload } from "../workload.ts";

const gzipBytes = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;

const ENTRY = "host/index.ts";
const SOURCE_FILE = "entry.ts";
/** What an application imports that uses three of the data types; its bundler leaves the others out. */
const THREE_TYPES = 'export { counter, createReplica, map, schema, set } from "./host/index.ts";';

/** Bundles `source` as an application's bundler would, with what is loaded on demand in chunks of its own. */
async function bundled(platform: "browser" | "node", source: string) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: source, resolveDir: ".", sourcefile: SOURCE_FILE },
    outdir: "bundle",
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    platform,
    conditions: ["source"],
    ...(platform === "node" ? { packages: "external" } : {}),
    logLevel: "silent",
  });
  const gzipped = (path: string): number => {
    const file = outputFiles.find((candidate) => candidate.path.endsWith(path));
    if (file === undefined) throw new Error(`the bundle has no ${path}`);
    return gzipBytes(file.contents);
  };
  const entry = Object.entries(metafile.outputs).find(
    ([, { entryPoint }]) => entryPoint === SOURCE_FILE,
  )?.[0];
  if (entry === undefined) throw new Error("the bundle has no entry");
  const sum = (paths: Iterable<string>): number =>
    [...paths].reduce((bytes, path) => bytes + gzipped(path), 0);
  return { metafile, atOnce: staticallyImported(metafile, entry), sum };
}

async function bundleFigures(platform: "browser" | "node"): Promise<Figure[]> {
  const three = await bundled(platform, THREE_TYPES);
  const { metafile, atOnce, sum } = await bundled(platform, `export * from "./${ENTRY}";`);
  const outputs = Object.entries(metafile.outputs);
  const later = outputs.map(([path]) => path).filter((path) => !atOnce.has(path));
  const holds = (path: string, file: string): boolean =>
    Object.keys(metafile.outputs[path]?.inputs ?? {}).some((input) => input.endsWith(`/${file}`));
  const isModule = (path: string): boolean => holds(path, "module.generated.ts");
  const isScalar = (path: string): boolean => holds(path, "scalar-module.generated.ts");
  return [
    { figure: `host entry gzipped, ${platform} bundle`, value: sum(atOnce), unit: "bytes" },
    {
      figure: `host entry gzipped, ${platform} bundle, of counter, map and set`,
      value: three.sum(three.atOnce),
      unit: "bytes",
    },
    {
      figure: `loaded on demand gzipped, ${platform} bundle, without the module`,
      value: sum(later.filter((path) => !isModule(path) && !isScalar(path))),
      unit: "bytes",
    },
    {
      figure: `loaded on demand gzipped, ${platform} bundle, the module`,
      value: sum(later.filter(isModule)),
      unit: "bytes",
    },
    {
      figure: `loaded without SIMD gzipped, ${platform} bundle, the scalar module`,
      value: sum(later.filter(isScalar)),
      unit: "bytes",
    },
  ];
}

/** The chunks that come with `entry` before anything is asked for. */
function staticallyImported({ outputs }: Metafile, entry: string): Set<string> {
  const found = new Set([entry]);
  for (const path of found) {
    for (const { path: imported, kind, external } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && external !== true) found.add(imported);
    }
  }
  return found;
}

const firstMutation = (entry: string, engine: string): string => `
  const start = performance.now();
  const before = process.cpuUsage();
  const { counter, createReplica, schema } = await import(${JSON.stringify(entry)});
  const replica = await createReplica({ engine: ${JSON.stringify(engine)} });
  const home = await replica.open("home", schema({ visits: counter() }));
  home.visits.increment();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  if (home.visits.value !== 1 || replica.engineName !== ${JSON.stringify(engine)}) process.exit(1);
  console.log(JSON.stringify([wallMs, (user + system) / 1000]));
  process.exit(0);`;

/** Wall and CPU milliseconds from before the import to after the first mutation, medians over fresh processes. */
function startFigures(engine: "wasm" | "baseline", processes: number): Figure[] {
  const entry = pathToFileURL("dist/index.js").href;
  const runs = Array.from({ length: processes + 1 }, () => {
    const parameters = ["--input-type=module", "--eval", firstMutation(entry, engine)];
    return JSON.parse(execFileSync(process.execPath, parameters, { encoding: "utf8" })) as [number, number];
  }).slice(1);
  return [
    { figure: `import to first mutation, ${engine}`, value: median(runs.map(([wall]) => wall)), unit: "ms" },
    {
      figure: `import to first mutation, ${engine}, CPU`,
      value: median(runs.map(([, cpu]) => cpu)),
      unit: "ms",
    },
  ];
}

export const packageFigures: Workload = {
  name: "package",
  competitors: ["package"],
  rounds: 1,
  async prepare() {
    execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: ["ignore", "ignore", "inherit"] });
  },
  async run({ isQuick }) {
    const processes = isQuick ? 1 : 15;
    const figures: Figure[] = [
      {
        figure: "WebAssembly module gzipped",
        value: gzipBytes(readFileSync("build/engine.wasm")),
        unit: "bytes",
      },
      ...(await bundleFigures("browser")),
      ...(await bundleFigures("node")),
      ...startFigures("wasm", processes),
      ...startFigures("baseline", processes),
    ];
    return { samples: [], figures, check: "" };
  },
};
