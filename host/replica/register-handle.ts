// One value; the later write wins. The value is cached until a write or a merge touches it.
import { type Frozen, jsonView, type Value } from "../wire/value.ts";
import { ValueDecoder } from "../wire/value-decoder.ts";
import type { ChangeOrigin, RegisterChange } from "./change.ts";
import { ContainerHandle } from "./container-handle.ts";

const NO_KEY = new Uint8Array(0);

export class RegisterHandle<T> extends ContainerHandle {
  readonly type = "register";
  #value: Value | undefined;
  #isTouched = false;

  /** The value; `fallback` where none was set. */
  get(): Frozen<T> | undefined;
  get<F>(fallback: F): Frozen<T> | F;
  get(fallback?: unknown): unknown {
    if (this.#value !== undefined) return this.#value;
    const payload = this.settledEngine.read(this.index, NO_KEY);
    if (payload === undefined) return fallback;
    const decoder = new ValueDecoder(payload);
    const value = this.#decode(decoder, payload.length);
    if (!decoder.hasBytes) this.#value = value;
    return value;
  }

  #decode(decoder: ValueDecoder, length: number): Value {
    try {
      return decoder.decode(0, length);
    } catch (error) {
      throw this.unreadable(error);
    }
  }

  /** Errors: invalid-value, limit-exceeded. */
  set(value: T): void {
    this.owner.writes.put(this.index, this.name, "", value);
    this.#value = typeof value === "object" ? undefined : (value as Value);
    if (this.owner.isObserved) this.#changed();
  }

  /** Says whether there was a value. */
  delete(): boolean {
    if (!this.owner.writes.delete(this.index, this.name, "")) return false;
    this.#value = undefined;
    if (this.owner.isObserved) this.#changed();
    return true;
  }

  /** The value as JSON can hold it; null where none was set. */
  toJSON(): unknown {
    return jsonView(this.get(null));
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

  takeChange(origin: ChangeOrigin): RegisterChange | undefined {
    if (!this.#isTouched) return undefined;
    this.#isTouched = false;
    const isPresent = this.settledEngine.has(this.index, NO_KEY);
    return { container: this.name, type: "register", origin, isPresent };
  }

  #changed(): void {
    this.#isTouched = true;
    this.owner.changed(this);
  }
}
