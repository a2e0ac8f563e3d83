// What packing costs a relay and saves the network: one writer, ten whole clients, turns of sixty entries of some seventy
// bytes of JSON each. The same with frames as they are. The relay unpacks what the writer packed, and packs once for all.
import { type Role, startClients, until } from "../network/fork.ts";
import { packing } from "../network/roster.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";
import { relayOf } from "./network.ts";

const RECEIVERS = 10;
const ENTRIES_A_TURN = 60;
const KEYS = 4_096;
const WITHIN_MS = 120_000;

async function measure({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const turns = isQuick ? 80 : 3_000;
  const { relay, where } = await relayOf(competitor);
  const [writer, receivers] = [startClients(), startClients()];
  await writer.call("join", where, 1);
  await receivers.call("join", where, RECEIVERS);
  const write = async (count: number): Promise<void> => {
    await writer.call("fillTurns", count, ENTRIES_A_TURN, KEYS);
    await receivers.call("synced");
  };
  // Compiled code at every place.
  await write(Math.ceil(turns / 4));
  const before = await usageOf(relay);
  await write(turns);
  const after = await usageOf(relay);
  const expected = Math.min(KEYS, ENTRIES_A_TURN * (turns + Math.ceil(turns / 4)));
  await until(
    () => receivers.call("sizes"),
    (sizes) => sizes.every((size) => size === expected),
    WITHIN_MS,
  );
  await Promise.all([relay.end(), writer.end(), receivers.end()]);
  const name = `net-packing · ${competitor}`;
  const cpuMs = after.cpuMs - before.cpuMs;
  const figures = [
    { figure: `${name} · relay CPU a turn`, value: (cpuMs * 1_000) / turns, unit: "µs" },
    {
      figure: `${name} · wire a turn and connection`,
      value: (after.bytes - before.bytes) / turns / (RECEIVERS + 1),
      unit: "bytes",
    },
  ];
  const sample = { workload: "net-packing", n: turns, nsPerOp: (cpuMs * 1e6) / turns };
  return { samples: [sample], figures, check: "every receiver has every entry" };
}

async function usageOf(relay: Role): Promise<{ readonly cpuMs: number; readonly bytes: number }> {
  const [{ cpuMs }, { bytes }] = await Promise.all([relay.call("usage"), relay.call("wire")]);
  return { cpuMs, bytes };
}

export const networkPacking: Workload = {
  name: "net-packing",
  competitors: packing.map(({ name }) => name),
  rounds: 3,
  run: measure,
};
