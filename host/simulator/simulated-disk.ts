// A directory on a disk that keeps what was flushed and may lose the rest. Writes are whole batches in order, as
// LevelDB's log has them: a power loss keeps a prefix of those that were not flushed, and may cut the last record it
// keeps. The fingerprint names this very copy, as that of node-storage.ts does. Leaves out LevelDB's own files.
import type { KeyRange, StorageWrite } from "../platform/platform.ts";
import type { Random } from "./random.ts";

type Records = Map<string, Uint8Array>;

export interface PowerLoss {
  /** Whether the last record that reached the disk did so in part. */
  readonly isTorn: boolean;
  /** Batches that were not flushed and are gone. */
  readonly lost: number;
}

export class SimulatedDisk {
  /** What a process sees. */
  readonly #records: Records = new Map();
  /** What the platter holds. */
  readonly #flushed: Records = new Map();
  #unflushed: (readonly StorageWrite[])[] = [];
  #sorted: string[] | undefined;
  readonly #nextName: () => number;
  #marker: string | undefined;
  isLocked = false;
  isFull = false;
  /** A batch that a process has handed over and that is not written yet. */
  underway: readonly StorageWrite[] | undefined;

  /** `nextName` gives a number never given before. */
  constructor(nextName: () => number) {
    this.#nextName = nextName;
  }

  /** Names this copy of the directory; undefined in a new one. */
  get fingerprint(): string | undefined {
    return this.#marker;
  }

  get records(): number {
    return this.#records.size;
  }

  renewFingerprint(): void {
    this.#marker = `file ${this.#nextName()}`;
  }

  get(key: string): Uint8Array | undefined {
    return this.#records.get(key)?.slice();
  }

  keys(range: KeyRange): string[] {
    this.#sorted ??= [...this.#records.keys()].sort();
    return this.#sorted.filter((key) => key >= range.from && key < range.to);
  }

  write(writes: readonly StorageWrite[], isFlushed: boolean): void {
    const copies = writes.map((item) =>
      item.type === "put" ? { ...item, value: item.value.slice() } : item,
    );
    apply(this.#records, copies);
    this.#sorted = undefined;
    this.#unflushed.push(copies);
    if (isFlushed) this.#flush();
  }

  /** The machine loses its power. */
  losePower(random: Random, mayTear: boolean): PowerLoss {
    if (mayTear && this.underway !== undefined) this.#unflushed.push(this.underway);
    this.underway = undefined;
    const kept = random.below(this.#unflushed.length + 1);
    const lost = this.#unflushed.length - kept;
    const last = this.#unflushed[kept - 1]?.at(-1);
    this.#unflushed.length = kept;
    this.#flush();
    let isTorn = false;
    if (mayTear && last?.type === "put" && last.value.length > 0) {
      this.#flushed.set(last.key, last.value.slice(0, random.below(last.value.length)));
      isTorn = true;
    }
    this.#restore(this.#flushed);
    return { isTorn, lost };
  }

  /** Flips one bit of a record behind everybody's back; says of which. */
  flipBit(random: Random): string | undefined {
    const key = random.pick([...this.#records.keys()].sort());
    const value = this.#records.get(key)?.slice();
    if (value === undefined || value.length === 0) return undefined;
    value[random.below(value.length)]! ^= 1 << random.below(8);
    this.#records.set(key, value);
    this.#flushed.set(key, value);
    return key;
  }

  /** The directory as a tool copies it: the same records in other files. */
  copy(): SimulatedDisk {
    const disk = new SimulatedDisk(this.#nextName);
    disk.#flushed.clear();
    for (const [key, value] of this.#records) disk.#flushed.set(key, value.slice());
    disk.#restore(disk.#flushed);
    if (this.#marker !== undefined) disk.renewFingerprint();
    return disk;
  }

  #flush(): void {
    for (const writes of this.#unflushed) apply(this.#flushed, writes);
    this.#unflushed = [];
  }

  #restore(records: Records): void {
    this.#records.clear();
    for (const [key, value] of records) this.#records.set(key, value);
    this.#sorted = undefined;
  }
}

function apply(records: Records, writes: readonly StorageWrite[]): void {
  for (const item of writes) {
    if (item.type === "put") records.set(item.key, item.value);
    else records.delete(item.key);
  }
}
