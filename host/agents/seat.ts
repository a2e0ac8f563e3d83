// The seat of this process: who it is to the others across crashes. The id of a replica changes whenever its store was
// not closed cleanly, and rights and votes must outlive that. A seat belongs to one store: it is found again by the id of
// the replica, which only a clean close of this very copy keeps, or by the fingerprint of the directory, which a copy or a
// restored backup does not have. A store that lost records may have forgotten rights it gave: it takes another seat.
// Without a store the seat is as new as the process. The processes of a seat are numbered, so that nobody needs a clock to
// tell which of two came later.

import { hostOf, type Replica } from "../replica/replica.ts";
import type { FleetDocument } from "./fleet-document.ts";
import type { Write } from "./ledger.ts";
import { isCount, isFields, isName } from "./records/shapes.ts";

const SEAT_BYTES = 8;

export interface Seat {
  readonly id: string;
  /** Whether an earlier process of this store had it. */
  readonly isKept: boolean;
}

export interface FoundSeat {
  readonly seat: Seat;
  readonly writes: readonly Write[];
}

/** The seat this replica has in the document, and what must be written, and be stored, before it acts from it. */
export function findSeat(replica: Replica, document: FleetDocument): FoundSeat {
  if (hasLostRecords(replica, document.name)) return newSeat(replica);
  const keys = keysOf(replica);
  const id = keys.map((key) => seatAt(document, key)).find((seat) => seat !== undefined);
  if (id === undefined) return newSeat(replica);
  const missing = keys.filter((key) => seatAt(document, key) !== id);
  const record = { seat: id, process: lastProcessOf(document, id) + 1 };
  return { seat: { id, isKept: true }, writes: missing.map((key) => ["seats", key, record]) };
}

/** Each was stored before its process acted, so the next one of this store finds it. */
function lastProcessOf(document: FleetDocument, seat: string): number {
  let last = 0;
  for (const [key, value] of document.seats.entries()) {
    const known = readProcess(key, value);
    if (known?.seat === seat) last = Math.max(last, known.process);
  }
  return last;
}

export interface SeatProcess {
  readonly replica: string;
  readonly seat: string;
  /** Counts up with the processes of a seat. */
  readonly process: number;
}

/** What a record of the seats says of a replica, if it is of one. */
export function readProcess(key: string, value: unknown): SeatProcess | undefined {
  const [what, replica, more] = key.split(" ");
  if (what !== "replica" || !isName(replica) || more !== undefined) return undefined;
  if (!isFields(value) || !isName(value.seat) || !isCount(value.process)) return undefined;
  return { replica, seat: value.seat, process: value.process };
}

/** A seat that nobody had. */
export function newSeat(replica: Replica): FoundSeat {
  const id = seatIdOf(hostOf(replica).platform.randomBytes(SEAT_BYTES));
  return {
    seat: { id, isKept: false },
    writes: keysOf(replica).map((key) => ["seats", key, { seat: id, process: 1 }]),
  };
}

/** Under which key the last heartbeat of a seat that left is kept. */
export const leftKey = (seat: string): string => `left ${seat}`;

function keysOf(replica: Replica): string[] {
  const { storeFingerprint } = hostOf(replica);
  const own = `replica ${replica.id}`;
  return storeFingerprint === undefined ? [own] : [own, `store ${storeFingerprint}`];
}

function seatAt(document: FleetDocument, key: string): string | undefined {
  const value = document.seats.get(key);
  return isFields(value) && isName(value.seat) ? value.seat : undefined;
}

/** Whether the store said, since it was opened, that records of the document may be missing. */
function hasLostRecords(replica: Replica, name: string): boolean {
  let isLost = false;
  const stop = replica.subscribe((told) => {
    if (told.kind !== "store" || (told.event.kind !== "torn-tail" && told.event.kind !== "hole")) return;
    if (told.event.document === undefined || told.event.document === name) isLost = true;
  });
  stop();
  return isLost;
}

const seatIdOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
