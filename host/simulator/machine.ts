// One machine of the simulated world: its clock, its disk, how fast it works. It outlives the processes on it.
import { Random } from "./random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import type { World } from "./world.ts";

export class Machine {
  readonly index: number;
  readonly world: World;
  readonly random: Random;
  /** By how much its wall clock is ahead, in milliseconds. */
  clockOffMs = 0;
  /** What every event on it costs in virtual milliseconds. */
  workMs = 0;
  /** Whether it has power; without, it answers nothing. */
  hasPower = true;
  disk: SimulatedDisk;
  #busyUntilMs = 0;
  #frozenUntilMs = 0;
  /** What is due and waits for the machine. */
  readonly #backlog: Work[] = [];

  constructor(index: number, world: World, nextName: () => number) {
    this.index = index;
    this.world = world;
    this.random = new Random(world.seed, "machine", index);
    this.disk = new SimulatedDisk(nextName);
  }

  get address(): string {
    return addressOf(this.index);
  }

  /** Stands still for `ms`, as after SIGSTOP: what is due happens afterwards, in order. */
  freeze(ms: number): void {
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.world.nowMs + ms);
    this.#busyUntilMs = Math.max(this.#busyUntilMs, this.#frozenUntilMs);
  }

  get isFrozen(): boolean {
    return this.#frozenUntilMs > this.world.nowMs;
  }

  thaw(): void {
    this.#busyUntilMs = 0;
    this.#frozenUntilMs = 0;
    this.workMs = 0;
  }

  /** Runs `work` after `ms`, or when the machine gets to it. */
  after(ms: number, work: () => void): Work {
    const item = new Work(work);
    this.world.schedule(ms, () => this.#begin(item));
    return item;
  }

  #begin(item: Work): void {
    if (item.isCancelled) return;
    if (this.#backlog.length > 0 || this.#busyUntilMs > this.world.nowMs) {
      this.#backlog.push(item);
      if (this.#backlog.length === 1) this.#workLater();
    } else this.#do(item);
  }

  #do(item: Work): void {
    if (this.workMs > 0) this.#busyUntilMs = this.world.nowMs + this.workMs;
    item.do();
  }

  /** Takes the first item of the backlog when the machine is free. */
  #workLater(): void {
    this.world.schedule(this.#busyUntilMs - this.world.nowMs, () => {
      if (this.#busyUntilMs > this.world.nowMs) {
        this.#workLater();
        return;
      }
      const item = this.#backlog.shift();
      if (this.#backlog.length > 0) this.#workLater();
      if (item !== undefined) this.#do(item);
    });
  }
}

/** Something a machine is to do. */
class Work {
  #do: (() => void) | undefined;

  constructor(work: () => void) {
    this.#do = work;
  }

  get isCancelled(): boolean {
    return this.#do === undefined;
  }

  do(): void {
    this.#do?.();
  }

  cancel(): void {
    this.#do = undefined;
  }
}

export const addressOf = (index: number): string => `sim://node-${index}`;
