// A register that loses nothing: values written at the same time are all kept until somebody writes one that has seen
// them. The candidates are cached until a write or a merge touches them.
import { type Frozen, jsonView } from "../wire/value.ts";
import { type Candidate, latestOf, readCandidates } from "./candidate.ts";
import type { ChangeOrigin, MultiValueChange } from "./change.ts";
import { ContainerHandle } from "./container-handle.ts";
import { EntriesExport } from "./entries-export.ts";

export class MultiValueHandle<T> extends ContainerHandle {
  readonly type = "multi-value";
  #candidates: readonly Candidate<Frozen<T>>[] | undefined;
  #isTouched = false;

  /** The values and who wrote them, in canonical order (replica id, then sequence). */
  get candidates(): readonly Candidate<Frozen<T>>[] {
    if (this.#candidates !== undefined) return this.#candidates;
    const { candidates, hasBytes } = this.#read();
    if (!hasBytes) this.#candidates = candidates;
    return candidates;
  }

  /** The values in canonical order. */
  get values(): readonly Frozen<T>[] {
    return this.candidates.map(({ value }) => value);
  }

  /** The value that was written last by (timestamp, replica id, sequence); undefined where there is none. */
  get value(): Frozen<T> | undefined {
    const { candidates } = this;
    return candidates.length === 0 ? undefined : latestOf(candidates).value;
  }

  /** Whether there is more than one value. */
  get isConflicted(): boolean {
    return this.#count > 1;
  }

  /** Replaces all values that are here now. Errors: invalid-value, limit-exceeded. */
  set(value: T): void {
    this.owner.writes.put(this.index, this.name, "", value);
    this.#changed();
  }

  /** Removes all values that are here now; says whether there were any. */
  clear(): boolean {
    if (!this.owner.writes.clear(this.index)) return false;
    this.#changed();
    return true;
  }

  /** The values in canonical order; bigints as decimal strings, bytes as base64. */
  toJSON(): unknown[] {
    return this.values.map(jsonView);
  }

  get isCaching(): boolean {
    return this.#candidates !== undefined;
  }

  dropCache(): void {
    this.#candidates = undefined;
  }

  noticed(_key: Uint8Array, _isPresent: boolean, isRecorded: boolean): void {
    this.#candidates = undefined;
    if (isRecorded) this.#isTouched = true;
  }

  takeChange(origin: ChangeOrigin): MultiValueChange | undefined {
    if (!this.#isTouched) return undefined;
    this.#isTouched = false;
    const count = this.#count;
    return {
      container: this.name,
      type: "multi-value",
      origin,
      isPresent: count > 0,
      isConflicted: count > 1,
    };
  }

  get #count(): number {
    return this.settledEngine.size(this.index);
  }

  #changed(): void {
    this.#candidates = undefined;
    if (!this.owner.isObserved) return;
    this.#isTouched = true;
    this.owner.changed(this);
  }

  #read() {
    try {
      return readCandidates<Frozen<T>>(new EntriesExport(this.settledEngine.entries(this.index, 0)));
    } catch (error) {
      throw this.unreadable(error);
    }
  }
}
