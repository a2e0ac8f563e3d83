// A counter that counts up and down in integers. Each replica has its own running sums of what it added and took
// away; the value is their difference over all replicas. Exact, or refused: nothing leaves ±(2^53 − 1).
import type { ReplicaId } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { readReplicaId } from "../wire/replica-id.ts";
import type { ChangeOrigin, CounterChange } from "./change.ts";
import { ContainerHandle, TouchedKeys } from "./container-handle.ts";
import { EntriesExport } from "./entries-export.ts";

export interface CounterShare {
  readonly replica: ReplicaId;
  readonly plus: number;
  readonly minus: number;
}

export class CounterHandle extends ContainerHandle {
  readonly type = "counter";
  #value: number | undefined;
  readonly #touched = new TouchedKeys<ReplicaId>();

  /** Errors: counter-range where the sum over all replicas leaves ±(2^53 − 1). */
  get value(): number {
    if (this.#value === undefined) this.#value = this.#read();
    return this.#value;
  }

  /** Adds `amount`, an integer from 0. Errors: invalid-argument, counter-range. */
  increment(amount: number = 1): void {
    this.#add(checkedAmount(amount, this.name, "increment"));
  }

  /** Takes `amount` away, an integer from 0. Errors: invalid-argument, counter-range. */
  decrement(amount: number = 1): void {
    this.#add(-checkedAmount(amount, this.name, "decrement"));
  }

  /** What each replica added and took away, ascending by replica. */
  breakdown(): CounterShare[] {
    const exported = new EntriesExport(this.settledEngine.entries(this.index, 0));
    const shares: CounterShare[] = [];
    exported.forEachPayload((index, payloads, start, end) => {
      const [plus, minus] = readSums(payloads, start, end);
      shares.push({ replica: exported.replica(index), plus, minus });
    });
    return shares;
  }

  toJSON(): number {
    return this.value;
  }

  get isCaching(): boolean {
    return this.#value !== undefined;
  }

  dropCache(): void {
    this.#value = undefined;
  }

  noticed(key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    this.#value = undefined;
    if (isRecorded) this.#touched.touch(readReplicaId(key, 0), isPresent);
  }

  takeChange(origin: ChangeOrigin): CounterChange | undefined {
    const { present } = this.#touched.take();
    if (present.length === 0) return undefined;
    return { container: this.name, type: "counter", origin, replicas: present.map(({ key }) => key) };
  }

  #add(amount: number): void {
    if (amount === 0) return;
    this.owner.writes.increment(this.index, amount);
    if (this.#value !== undefined) {
      const value = this.#value + amount;
      this.#value = Number.isSafeInteger(value) ? value : undefined;
    }
    if (!this.owner.isObserved) return;
    this.#touched.touch(this.owner.engine.replica, true);
    this.owner.changed(this);
  }

  #read(): number {
    const { plus, minus } = this.settledEngine.counter(this.index);
    const value = Number(plus - minus);
    if (Number.isSafeInteger(value)) return value;
    throw new CrdtError(
      "counter-range",
      `counter ${this.name} stands at ${plus - minus}, beyond ±(2^53 − 1); read breakdown(), and decrement it`,
    );
  }
}

function checkedAmount(amount: number, name: string, verb: "increment" | "decrement"): number {
  if (Number.isSafeInteger(amount) && amount >= 0) return amount;
  const other = verb === "increment" ? "decrement" : "increment";
  throw new CrdtError(
    "invalid-argument",
    `${name}.${verb}(${String(amount)}): the amount is an integer from 0 to 2^53 − 1; use ${other} for the other way`,
  );
}

/** The two running sums of a counter entry. The engine has checked them. */
function readSums(bytes: Uint8Array, start: number, end: number): [plus: number, minus: number] {
  const sums: [number, number] = [0, 0];
  let which: 0 | 1 = 0;
  let scale = 1;
  for (let offset = start; offset < end; offset++) {
    const byte = bytes[offset]!;
    sums[which] += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte < 0x80) {
      which = 1;
      scale = 1;
    }
  }
  return sums;
}
