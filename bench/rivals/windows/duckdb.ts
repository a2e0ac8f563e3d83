// DuckDB compiled to WebAssembly, in its build for Node that runs in the caller's thread. Rows go in as Arrow streams, a
// million a call, the way its documentation says to load columns that are in memory already.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createDuckDB, NODE_RUNTIME, VoidLogger } from "@duckdb/duckdb-wasm/blocking";
import { makeVector, Table, tableToIPC } from "apache-arrow";
import type { WindowTable } from "./window-table.ts";

const ROWS_PER_CALL = 1_000_000;

export async function duckdb(): Promise<WindowTable> {
  const folder = dirname(createRequire(import.meta.url).resolve("@duckdb/duckdb-wasm/dist/duckdb-eh.wasm"));
  const bundle = (name: string) => ({
    mainModule: join(folder, `duckdb-${name}.wasm`),
    mainWorker: join(folder, `duckdb-node-${name}.worker.cjs`),
  });
  const bundles = { mvp: bundle("mvp"), eh: bundle("eh") };
  const database = await createDuckDB(bundles, new VoidLogger(), NODE_RUNTIME);
  await database.instantiate(() => undefined);
  const connection = database.connect();
  return {
    load({ labels, times, values }) {
      for (let from = 0; from < labels.length; from += ROWS_PER_CALL) {
        const to = from + ROWS_PER_CALL;
        const rows = new Table({
          label: makeVector(labels.subarray(from, to)),
          time: makeVector(times.subarray(from, to)),
          value: makeVector(values.subarray(from, to)),
        });
        const options = { schema: "main", name: "points", create: from === 0 };
        connection.insertArrowFromIPCStream(tableToIPC(rows, "stream"), options);
      }
    },
    windows(widthMs) {
      const found = connection.query(
        `SELECT label, floor(time / ${widthMs}) * ${widthMs} AS start, count(*)::INTEGER AS count,
           sum(value) AS sum, avg(value) AS mean, min(value) AS minimum, max(value) AS maximum
         FROM points GROUP BY label, start ORDER BY label, start`,
      );
      const column = (name: string): ArrayLike<number> => found.getChild(name)!.toArray();
      return {
        labels: column("label"),
        starts: column("start"),
        counts: column("count"),
        sums: column("sum"),
        means: column("mean"),
        minima: column("minimum"),
        maxima: column("maximum"),
      };
    },
  };
}
