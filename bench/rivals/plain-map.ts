// The plain map: last writer wins on a JavaScript Map, JSON as the encoding, in about a hundred lines. It keeps no
// version vector and no dots: it cannot say what a peer lacks, forgets nothing that was deleted, loses one of two
// increments made by one replica in two places, and trusts what it is sent. It is the least that converges, and so
// the measure of what an engine costs.
import type { Item, Rival, RivalDocument } from "./rival.ts";

/** A cell on the wire: room, key, value (null: deleted), timestamp, replica. */
type Cell = [room: "m" | "s" | "c", key: string, value: unknown, timestamp: number, replica: number];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

class PlainDocument implements RivalDocument {
  readonly #replica: number;
  readonly #rooms = { m: new Map<string, Cell>(), s: new Map<string, Cell>(), c: new Map<string, Cell>() };
  #clock = 1_760_000_000_000;
  #pending: Cell[] = [];

  constructor(replica: number) {
    this.#replica = replica;
  }

  #write(room: Cell[0], key: string, value: unknown): void {
    this.#clock += 1;
    const cell: Cell = [room, key, value, this.#clock, this.#replica];
    this.#rooms[room].set(key, cell);
    this.#pending.push(cell);
  }

  #merge(cells: readonly Cell[]): void {
    for (const cell of cells) {
      const room = this.#rooms[cell[0]];
      const own = room.get(cell[1]);
      if (own === undefined || cell[3] > own[3] || (cell[3] === own[3] && cell[4] > own[4])) {
        room.set(cell[1], cell);
      }
      if (cell[3] > this.#clock) this.#clock = cell[3];
    }
  }

  batch(work: () => void): void {
    work();
  }
  set(key: string, item: Item): void {
    this.#write("m", key, item);
  }
  get(key: string): Item | undefined {
    return (this.#rooms.m.get(key)?.[2] ?? undefined) as Item | undefined;
  }
  size(): number {
    return this.#rooms.m.size;
  }
  add(element: string): void {
    this.#write("s", element, true);
  }
  remove(element: string): void {
    this.#write("s", element, null);
  }
  elements(): number {
    let present = 0;
    for (const cell of this.#rooms.s.values()) if (cell[2] !== null) present += 1;
    return present;
  }
  increment(): void {
    const key = String(this.#replica);
    const sum = (this.#rooms.c.get(key)?.[2] ?? 0) as number;
    this.#write("c", key, sum + 1);
  }
  count(): number {
    let sum = 0;
    for (const cell of this.#rooms.c.values()) sum += cell[2] as number;
    return sum;
  }
  take(): Uint8Array {
    const bytes = encoder.encode(JSON.stringify(this.#pending));
    this.#pending = [];
    return bytes;
  }
  apply(update: Uint8Array): void {
    this.#merge(JSON.parse(decoder.decode(update)) as Cell[]);
  }
  applyAll(updates: readonly Uint8Array[]): void {
    for (const update of updates) this.apply(update);
  }
  snapshot(): Uint8Array {
    const { m, s, c } = this.#rooms;
    return encoder.encode(JSON.stringify([...m.values(), ...s.values(), ...c.values()]));
  }
  close(): void {}
}

export const rival: Rival = {
  name: "plain map",
  create: (replica) => new PlainDocument(replica),
  load(snapshot, replica) {
    const document = new PlainDocument(replica);
    document.apply(snapshot);
    return document;
  },
};
