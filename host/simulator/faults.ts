// What can go wrong, and the schedule of it that a seed draws. A schedule is plain data, so that a failing one can be
// made smaller by leaving faults out. Every fault has an end; after the last one the world behaves.
import type { Random } from "./random.ts";

/** Every kind of fault, with what it does. `amount` means what the text says. */
export const FAULT_KINDS = {
  loss: "messages on some paths are lost (amount: chance)",
  duplication: "messages arrive twice (amount: chance)",
  reordering: "messages overtake each other (amount: chance)",
  truncation: "messages are cut short (amount: chance)",
  flip: "a bit of a message is flipped (amount: chance)",
  delay: "messages take up to this much longer (amount: milliseconds, to 30,000)",
  partition: "the nodes fall into groups that do not reach each other (amount: groups)",
  "one-way": "some nodes can hear the others and not be heard",
  "half-open": "connections end and one side is not told",
  broken: "connections break, and both sides are told",
  refusal: "new connections to some nodes are refused",
  kill: "processes end at once, as by kill -9, and start again",
  "power-loss": "machines lose their power: what was not flushed is gone",
  "torn-record": "machines lose their power, and the last record written is cut short",
  "flipped-record": "a bit of a stored record is flipped while the process is away",
  "full-disk": "disks take no more writes",
  "old-copy": "a data directory is replaced by an older copy of itself",
  clone: "a node starts on a copy of another one's data directory",
  "clock-skew": "wall clocks are off (amount: milliseconds either way, to 5 minutes)",
  "clock-step": "wall clocks jump and jump back (amount: milliseconds)",
  slow: "every event costs a node so much time (amount: milliseconds)",
  pause: "nodes stand still and go on",
  "old-version": "some nodes speak an older version, until they are restarted with the new one",
} as const;

export type FaultKind = keyof typeof FAULT_KINDS;

export const FAULT_NAMES = Object.keys(FAULT_KINDS) as FaultKind[];

/**
 * What networks, disks and those who run them do to a fleet whose availability is measured: not what no transport lets
 * through (truncation, flip), nor what makes a node late by its own definition (delay), nor copied directories.
 */
export const AVAILABILITY_FAULTS: readonly FaultKind[] = [
  "loss",
  "duplication",
  "reordering",
  "partition",
  "one-way",
  "half-open",
  "broken",
  "refusal",
  "kill",
  "power-loss",
  "torn-record",
  "full-disk",
  "clock-skew",
  "clock-step",
  "slow",
  "pause",
];

export interface Fault {
  readonly kind: FaultKind;
  /** Virtual milliseconds since the run began. */
  readonly atMs: number;
  readonly forMs: number;
  /** Those it happens to. */
  readonly nodes: readonly number[];
  readonly amount: number;
}

export interface ScheduleOptions {
  readonly nodes: number;
  /** Faults begin and end within this time. */
  readonly lengthMs: number;
  readonly kinds: readonly FaultKind[];
}

/** How many faults a schedule has: with each doubling of the nodes two more, which hit an eighth of them on average. */
const faultCount = (nodes: number): number => 4 + Math.ceil(2 * Math.log2(nodes));

/** Draws a schedule, ordered by time. */
export function drawFaults(random: Random, { nodes, lengthMs, kinds }: ScheduleOptions): Fault[] {
  if (kinds.length === 0) return [];
  const faults: Fault[] = [];
  for (let index = 0; index < faultCount(nodes); index++) {
    const kind = random.pick(kinds);
    const atMs = Math.round(kind === "old-version" ? 0 : random.between(0, lengthMs * 0.85));
    const forMs = Math.round(Math.min(random.between(0.05, 0.5) * lengthMs, lengthMs - atMs));
    faults.push({
      kind,
      atMs,
      forMs,
      nodes: drawNodes(kind, nodes, random),
      amount: drawAmount(kind, random),
    });
  }
  return faults.sort((left, right) => left.atMs - right.atMs);
}

function drawNodes(kind: FaultKind, nodes: number, random: Random): number[] {
  const all = random.shuffle(Array.from({ length: nodes }, (_, index) => index));
  if (kind === "clone") return all.slice(0, 2);
  if (kind === "flipped-record" || kind === "old-copy") return all.slice(0, 1);
  const share =
    kind === "old-version" || kind === "partition" ? random.between(0.2, 0.6) : random.unit() ** 3 / 2;
  return all.slice(0, Math.max(1, Math.round(nodes * share))).sort((left, right) => left - right);
}

function drawAmount(kind: FaultKind, random: Random): number {
  const sign = random.chance(0.5) ? 1 : -1;
  switch (kind) {
    case "loss":
    case "duplication":
    case "reordering":
      return round(random.between(0.02, 0.3));
    case "truncation":
    case "flip":
      return round(random.between(0.01, 0.1));
    case "delay":
      return Math.round(30_000 * random.unit() ** 3);
    case "partition":
      return 2 + random.below(3);
    case "clock-skew":
    case "clock-step":
      return sign * Math.round(300_000 * random.unit() ** 2);
    case "slow":
      return round(random.between(0.2, 4));
    default:
      return 0;
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
