// The package itself: bytes of the WebAssembly module and of the host entry in a bundle, and the time from import to
// the first mutation in a fresh process (dist/ as a consumer gets it, file cache warm, median of 15).
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { median } from "../timing.ts";
import type { Figure, Workload } from "../workload.ts";

const gzipBytes = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;

/** Leaves the module's bytes out of a bundle. */
const withoutModule: Plugin = {
  name: "without-module",
  setup(builder) {
    builder.onResolve({ filter: /module\.generated/ }, ({ path }) => ({ path, external: true }));
  },
};

async function bundleBytes(platform: "browser" | "node", hasModule: boolean): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: ["host/index.ts"],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform,
    conditions: ["source"],
    ...(platform === "node" ? { packages: "external" } : {}),
    plugins: hasModule ? [] : [withoutModule],
    logLevel: "silent",
  });
  return outputFiles[0]?.contents ?? new Uint8Array(0);
}

async function bundleFigures(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const platform of ["browser", "node"] as const) {
    for (const hasModule of [false, true]) {
      figures.push({
        figure: `host entry gzipped, ${platform} bundle, module ${hasModule ? "included" : "excluded"}`,
        value: gzipBytes(await bundleBytes(platform, hasModule)),
        unit: "bytes",
      });
    }
  }
  return figures;
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
      ...(await bundleFigures()),
      ...startFigures("wasm", processes),
      ...startFigures("baseline", processes),
    ];
    return { samples: [], figures, check: "" };
  },
};
