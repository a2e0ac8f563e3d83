// The greatest, or the least, number that anybody ever offered. −0 lies below 0. Cached until a better one comes.
import { CrdtError } from "../errors.ts";
import type { ChangeOrigin, ExtremeChange } from "./change.ts";
import { ContainerHandle } from "./container-handle.ts";

const NO_KEY = new Uint8Array(0);

abstract class ExtremeHandle extends ContainerHandle {
  abstract override readonly type: "maximum" | "minimum";
  #value: number | undefined;
  #isTouched = false;

  /** The number; undefined where none was offered. */
  get value(): number | undefined {
    if (this.#value === undefined) this.#value = this.#read();
    return this.#value;
  }

  /** Takes `value` if it lies beyond what is there; says whether it did. Errors: invalid-argument for NaN. */
  offer(value: number): boolean {
    if (typeof value !== "number" || Number.isNaN(value)) {
      throw new CrdtError(
        "invalid-argument",
        `${this.name}.offer(${String(value)}): a ${this.type} is made of numbers that are not NaN`,
      );
    }
    if (!this.owner.writes.offer(this.index, value)) return false;
    this.#value = value;
    if (this.owner.isObserved) {
      this.#isTouched = true;
      this.owner.changed(this);
    }
    return true;
  }

  /** The number; null where none was offered. */
  toJSON(): number | null {
    return this.value ?? null;
  }

  get isCaching(): boolean {
    return this.#value !== undefined;
  }

  dropCache(): void {
    this.#value = undefined;
  }

  noticed(_key: Uint8Array, _isPresent: boolean, isRecorded: boolean): void {
    this.#value = undefined;
    if (isRecorded) this.#isTouched = true;
  }

  takeChange(origin: ChangeOrigin): ExtremeChange | undefined {
    if (!this.#isTouched) return undefined;
    this.#isTouched = false;
    const { value } = this;
    return value === undefined ? undefined : { container: this.name, type: this.type, origin, value };
  }

  #read(): number | undefined {
    const payload = this.settledEngine.read(this.index, NO_KEY);
    if (payload === undefined) return undefined;
    return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getFloat64(0, true);
  }
}

export class MaximumHandle extends ExtremeHandle {
  readonly type = "maximum";
}

export class MinimumHandle extends ExtremeHandle {
  readonly type = "minimum";
}
