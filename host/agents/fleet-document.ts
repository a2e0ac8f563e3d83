// The document a fleet shares: one map an aspect, so that what one replica says never overwrites what another said of
// the same task, and the trail of all that was written.
import type { Document } from "../replica/document.ts";
import { LogHandle } from "../replica/log-handle.ts";
import { log, map, schema } from "../replica/schema.ts";
import type { Value } from "../wire/value.ts";

const Declared = schema({
  /** Agents by id. */
  agents: map<Record<string, Value>>(),
  /** Heartbeats by seat. */
  beats: map<Record<string, Value>>(),
  /** Seats taken for gone, by seat. */
  lapses: map<Record<string, Value>>(),
  /** Which seat a replica or a store has: `replica ID` or `store FINGERPRINT`. */
  seats: map<Record<string, Value>>(),
  /** By replica, up to which batch its writes are stored with it. */
  receipts: map<Record<string, Value>>(),
  /** Specs by task. */
  specs: map<Record<string, Value>>(),
  /** Dependencies added later: `task after`. */
  edges: map<Record<string, Value>>(),
  /** Orders about tasks: `task order`. */
  orders: map<Record<string, Value>>(),
  /** `task epoch replica` each. */
  grants: map<Record<string, Value>>(),
  bids: map<Record<string, Value>>(),
  votes: map<Record<string, Value>>(),
  starts: map<Record<string, Value>>(),
  outcomes: map<Record<string, Value>>(),
  /** The last progress by task. */
  progress: map<Record<string, Value>>(),
  /** What is left of tasks that ended and were archived, by task. */
  archive: map<Record<string, Value>>(),
  /** Each write of the above but beats and progress, in order. */
  trail: log<Value>(),
});

const { trail, ...maps } = Declared.containers;

/** With the code of the log at hand: a fleet needs it at once, and virtual time cannot wait for a module. */
export const FleetSchema: typeof Declared = {
  containers: {
    ...maps,
    trail: { ...trail, load: () => (owner, index, name) => new LogHandle(owner, index, name) },
  },
};

export type FleetDocument = Document<typeof FleetSchema>;
/** A map of the document. */
export type Aspect = Exclude<keyof (typeof FleetSchema)["containers"], "trail">;

export const ASPECTS: readonly Aspect[] = Object.keys(FleetSchema.containers).filter(
  (name): name is Aspect => name !== "trail",
);
