// Every benchmark workload at tiny size: it runs, checks its own result, and prints rows of the documented shape.
// Rows of the rivals run where `npm install --prefix bench/rivals` was done.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** Every row is a process of its own, and the machine may be busy. */
const TIMEOUT_MS = 600_000;
const hasRivals = ["yjs", "arquero"].every((name) => existsSync(`bench/rivals/node_modules/${name}`));
const engines = ["baseline", "wasm"];

interface SpeedRow {
  workload: string;
  engine: string;
  n: number;
  opsPerSecond: number;
  nsPerOp: number;
  bytesPerOp?: number;
  ratioToBaseline?: number;
}
interface FigureRow {
  figure: string;
  value: number;
  unit: string;
}
type Row = SpeedRow | FigureRow;

const isSpeed = (row: Row): row is SpeedRow => "workload" in row;

function bench(...parameters: string[]): Row[] {
  const output = execFileSync(process.execPath, ["scripts/bench.mjs", ...parameters, "--quick", "--json"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

function expectShape(row: Row): void {
  if (isSpeed(row)) {
    const known = ["workload", "engine", "n", "opsPerSecond", "nsPerOp", "bytesPerOp", "ratioToBaseline"];
    expect(known).toEqual(expect.arrayContaining(Object.keys(row)));
    for (const value of [row.n, row.opsPerSecond, row.nsPerOp]) expect(value).toBeGreaterThan(0);
    for (const value of [row.bytesPerOp, row.ratioToBaseline]) expect(value ?? 1).toBeGreaterThan(0);
  } else {
    expect(Object.keys(row).sort()).toEqual(["figure", "unit", "value"]);
    expect(Number.isFinite(row.value)).toBe(true);
  }
}

describe("benchmarks between the engines", () => {
  const names = [
    "map-merge-1k",
    "map-merge-10k",
    "map-merge-100k",
    "set-merge-full",
    "set-merge-1k",
    "counter-merge",
    "graph-merge-1k",
    "graph-add-batch",
    "graph-add-many",
    "graph-bfs",
    "vector-compare",
    "series-scan-compressed",
    "series-scan-first",
    "series-scan-cut",
    "series-window-compressed",
    "map-set-local",
    "map-get-local",
    "set-add-local",
    "counter-increment-local",
  ];
  test(
    "give a row for each engine, and the ratio of the two",
    () => {
      const rows = bench(...names);
      for (const row of rows) expectShape(row);
      const speeds = rows.filter(isSpeed);
      const found = new Set(speeds.map(({ workload, engine }) => `${workload} ${engine}`));
      expect(found).toEqual(new Set(names.flatMap((name) => engines.map((engine) => `${name} ${engine}`))));
      for (const { engine, ratioToBaseline } of speeds) {
        if (engine === "baseline") expect(ratioToBaseline).toBe(1);
        else expect(ratioToBaseline).toBeGreaterThan(0);
      }
    },
    TIMEOUT_MS,
  );
});

describe("the other benchmarks", () => {
  test(
    "growth, overhead, bytes and package give rows",
    () => {
      const rows = bench("growth", "overhead", "bytes-wire", "package", "memory-store");
      for (const row of rows) expectShape(row);
      const text = JSON.stringify(rows);
      for (const name of [
        "growth-keys-1000000",
        "growth-replicas-1000",
        "overhead",
        "memory-store",
        "import to first mutation",
      ]) {
        expect(text).toContain(name);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "plans give their rows, and the share of the optimum they reach",
    () => {
      const rows = bench("assignment");
      for (const row of rows) expectShape(row);
      expect(rows.filter(isSpeed)).toHaveLength(8);
      const shares = rows.filter((row) => !isSpeed(row) && row.figure.endsWith("plan, of the optimum"));
      expect(shares).toHaveLength(3);
      for (const share of shares) expect((share as FigureRow).value).toBeGreaterThan(99.5);
    },
    TIMEOUT_MS,
  );

  test(
    "fleets of agents give rows, calm and with processes killed",
    () => {
      const rows = bench("agents", "agents-churn", "--engine", "wasm");
      for (const row of rows) expectShape(row);
      expect(JSON.stringify(rows)).toContain("completed");
    },
    TIMEOUT_MS,
  );

  test(
    "kernels of series and of models give rows for the engines, and for C where there is a compiler",
    () => {
      const rows = bench(
        "series-reduce",
        "series-variance",
        "series-window",
        "series-window-60",
        "series-sketch",
        "series-encode",
        "series-encode-jittered",
        "series-decode",
        "series-decode-jittered",
        "series-merge-interleaved",
        "series-merge-disjoint",
        "average",
        "median",
        "trimmed",
      );
      for (const row of rows) expectShape(row);
      const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
      const competitors = new Set(rows.filter(isSpeed).map(({ engine }) => engine));
      expect([...competitors].sort()).toEqual(hasCompiler ? ["baseline", "c", "wasm"] : ["baseline", "wasm"]);
    },
    TIMEOUT_MS,
  );

  test(
    "federated training gives its figures, and both engines come to the same models",
    () => {
      const names = [
        "federated-central",
        "federated-10-half-int8",
        "federated-liars-multi-krum",
        "federated-100-even-noise",
      ];
      const rows = bench(...names);
      for (const row of rows) expectShape(row);
      const text = JSON.stringify(rows);
      for (const name of names) expect(text).toContain(`${name} · seed 3`);
      expect(text).toMatch(/ε = [\d.]+, δ = 0.001, 100 clients, \d+ rounds/);
    },
    TIMEOUT_MS,
  );

  test(
    "ours stand torture: nothing hostile is taken for right, changed or different elsewhere",
    () => {
      const rows = bench("torture", "--engine", "baseline", "--engine", "wasm");
      for (const row of rows) expectShape(row);
      expect(rows.length).toBeGreaterThan(30);
    },
    TIMEOUT_MS,
  );

  test(
    "what learns is judged on drawn histories",
    () => {
      const rows = bench("conflict-prediction", "sync-scheduling", "resource-forecast", "pattern-detection");
      for (const row of rows) expectShape(row);
      const text = JSON.stringify(rows);
      for (const name of [
        "Brier skill",
        "of the offline optimum",
        "held by 90 % intervals",
        "a false change",
      ]) {
        expect(text).toContain(name);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "relays give their rows and figures",
    () => {
      const rows = bench("net", "--engine", "jarvis-crdt", "--engine", "raw ws");
      for (const row of rows) expectShape(row);
      const text = JSON.stringify(rows);
      const names = [
        "fanout-1",
        "fanout-10",
        "fanout-100",
        "latency",
        "first-sync",
        "missed-updates",
        "idle",
      ];
      for (const name of [...names, "paused-reader", "herd"]) expect(text).toContain(`net-${name}`);
      expect(text).toContain("net-fanout-10 · raw ws · relay CPU a delivery");
    },
    TIMEOUT_MS,
  );

  test(
    "a relay with and without packing gives its rows and figures",
    () => {
      const rows = bench("net-packing");
      for (const row of rows) expectShape(row);
      const text = JSON.stringify(rows);
      for (const name of ["jarvis-crdt", "jarvis-crdt without packing"]) {
        expect(text).toContain(`net-packing · ${name} · relay CPU a turn`);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "a comparison of documents gives its figures",
    () => {
      const rows = bench("net-reconcile");
      for (const row of rows) expectShape(row);
      const figures = new Map(
        rows.flatMap((row) => (isSpeed(row) ? [] : [[row.figure, row.value] as const])),
      );
      expect(figures.get("reconcile-2000-first-differences")).toBe(0);
      expect(figures.size).toBeGreaterThan(5);
    },
    TIMEOUT_MS,
  );

  test.skipIf(!hasRivals)(
    "rivals give their rows (skipped where they are not installed)",
    () => {
      const rows = bench("rivals", "bytes-snapshot");
      for (const row of rows) expectShape(row);
      const competitors = new Set(rows.filter(isSpeed).map(({ engine }) => engine));
      expect([...competitors].sort()).toEqual([
        "@automerge/automerge",
        "@duckdb/duckdb-wasm",
        "arquero",
        "baseline",
        "json-joy",
        "loro-crdt",
        "plain map",
        "typed arrays",
        "wasm",
        "wasm, container",
        "wasm, snapshot",
        "yjs",
        "ywasm",
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    "searches of memory give their rows, and recall says what it lacks",
    () => {
      const names = ["memory-search", "memory-search-million", "memory-search-scoped", "memory-index"];
      const rows = bench(...names, "--engine", "ours");
      for (const row of rows) expectShape(row);
      expect(new Set(rows.filter(isSpeed).map(({ workload }) => workload))).toEqual(new Set(names));
      const command = ["scripts/bench.mjs", "recall", "recall-tuning", "--quick", "--json"];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
      expect([status, stdout, stderr.includes("--data DIR")]).toEqual([0, "", true]);
    },
    TIMEOUT_MS,
  );

  test(
    "a name that does not exist is refused, and the names that do are said",
    () => {
      const { status, stderr } = spawnSync(
        process.execPath,
        ["scripts/bench.mjs", "map-merge-9k", "--quick"],
        {
          encoding: "utf8",
        },
      );
      expect(status).not.toBe(0);
      expect(stderr).toContain('no workload "map-merge-9k"');
      expect(stderr).toContain("map-merge-10k");
    },
    TIMEOUT_MS,
  );
});

test("an unknown option ends with 2 and the usage, --help with 0", () => {
  const command = "scripts/bench.mjs";
  const unknown = spawnSync(process.execPath, [command, "--nope"], { encoding: "utf8" });
  expect([unknown.status, unknown.stderr.includes("--nope"), unknown.stderr.includes("usage:")]).toEqual([
    2,
    true,
    true,
  ]);
  const help = spawnSync(process.execPath, [command, "--help"], { encoding: "utf8" });
  expect([help.status, help.stdout.includes("map-merge-1k")]).toEqual([0, true]);
});
