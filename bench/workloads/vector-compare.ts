// One version vector against those of many peers, 64 replicas each: which peers lag. Most are a little behind, as
// peers of a working fleet are; the rest equal, ahead or concurrent.
import { openEngine } from "../engines.ts";
import { steadyNs } from "../timing.ts";
import type { Workload } from "../workload.ts";

const COLUMNS = 64;
const SEQUENCE_START = 10_000;

/** The vector of peer `row`: six in ten behind, two equal, one ahead, one concurrent. */
function peerVector(row: number, vector: Uint32Array): Uint32Array {
  const peer = Uint32Array.from(vector);
  const column = (row * 7) % COLUMNS;
  const kind = row % 10;
  if (kind < 6 || kind === 9)
    for (let step = 0; step < 3; step += 1) peer[(column + step * 11) % COLUMNS]! -= 1;
  if (kind >= 8) peer[(column + 5) % COLUMNS]! += 2;
  return peer;
}

export const vectorCompare: Workload = {
  name: "vector-compare",
  competitors: ["baseline", "wasm"],
  rounds: 5,
  async run({ competitor, isQuick }) {
    const rows = isQuick ? 100 : 10_000;
    const engine = await openEngine(competitor);
    const vector = Uint32Array.from({ length: COLUMNS }, (_, column) => SEQUENCE_START + column * 3);
    const table = engine.createVectorTable(rows, COLUMNS);
    for (let row = 0; row < rows; row += 1) table.setRow(row, peerVector(row, vector));
    const relations = new Uint8Array(rows);
    const time = steadyNs(() => table.compare(vector, relations), isQuick ? 5 : 700);
    const counts = [0, 0, 0, 0];
    for (const relation of relations) counts[relation]! += 1;
    table.close();
    return {
      samples: [{ workload: "vector-compare", n: rows, nsPerOp: time / rows }],
      check: counts.join(" "),
    };
  },
};
