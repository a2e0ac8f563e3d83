// A flag that is on while one enabling lives: enabling and disabling it at the same time leaves it on.
import type { ChangeOrigin, FlagChange } from "./change.ts";
import { ContainerHandle } from "./container-handle.ts";

const NO_KEY = new Uint8Array(0);

export class FlagHandle extends ContainerHandle {
  readonly type = "flag";
  #value: boolean | undefined;
  #valueBefore: boolean | undefined;
  #isTouched = false;

  get value(): boolean {
    if (this.#value === undefined) this.#value = this.settledEngine.has(this.index, NO_KEY);
    return this.#value;
  }

  /** Says whether the flag was off. */
  enable(): boolean {
    return this.#set(true);
  }

  /** Says whether the flag was on. */
  disable(): boolean {
    return this.#set(false);
  }

  toJSON(): boolean {
    return this.value;
  }

  get isCaching(): boolean {
    return this.#value !== undefined;
  }

  dropCache(): void {
    this.#value = undefined;
  }

  noticed(_key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    if (isRecorded) this.#touch(isPresent ? this.#value : true);
    this.#value = undefined;
  }

  takeChange(origin: ChangeOrigin): FlagChange | undefined {
    const before = this.#valueBefore;
    const isEnabled = this.#isTouched && this.value;
    const isChanged = this.#isTouched && isEnabled !== before;
    this.#isTouched = false;
    this.#valueBefore = undefined;
    return isChanged ? { container: this.name, type: "flag", origin, isEnabled } : undefined;
  }

  #set(isEnabled: boolean): boolean {
    const isChanged = this.owner.writes.setFlag(this.index, isEnabled);
    this.#value = isEnabled;
    if (isChanged && this.owner.isObserved) {
      this.#touch(!isEnabled);
      this.owner.changed(this);
    }
    return isChanged;
  }

  #touch(valueBefore: boolean | undefined): void {
    if (this.#isTouched) return;
    this.#isTouched = true;
    this.#valueBefore = valueBefore;
  }
}
