// Who is compared, and at which fraction of the full size where the full size would take minutes.
import type { Rival } from "./rival.ts";

interface Entrant {
  readonly open: () => Promise<Rival>;
  /** Rows that run at 1/n of the size; the row's own n says so. */
  readonly divisors?: Readonly<Record<string, number>>;
}

const entrants: Readonly<Record<string, Entrant>> = {
  baseline: { open: async () => (await import("./ours.ts")).ours("baseline") },
  wasm: { open: async () => (await import("./ours.ts")).ours("wasm") },
  "plain map": { open: async () => (await import("./plain-map.ts")).rival },
  yjs: { open: async () => (await import("./yjs.ts")).rival },
  ywasm: {
    open: async () => (await import("./ywasm.ts")).rival,
    divisors: { single: 2, elements: 2, counters: 2 },
  },
  "json-joy": { open: async () => (await import("./json-joy.ts")).rival },
  "loro-crdt": {
    open: async () => (await import("./loro.ts")).rival,
    divisors: { arrival: 10, single: 5, elements: 5, counters: 5 },
  },
  "@automerge/automerge": {
    open: async () => (await import("./automerge.ts")).rival,
    divisors: { arrival: 40, single: 40, elements: 40, counters: 10 },
  },
};

export const competitors: readonly string[] = Object.keys(entrants);

export function entrantOf(competitor: string): Entrant {
  const entrant = entrants[competitor];
  if (entrant === undefined) throw new Error(`no rival "${competitor}"; there are ${competitors.join(", ")}`);
  return entrant;
}
