// One machine of the simulated world: its clock, its disk, how fast it works. It outlives the processes on it.
import type { ScheduledEvent } from "./event-queue.ts";
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
    this.#busyUntilMs = Math.max(this.#busyUntilMs, this.world.nowMs + ms);
  }

  thaw(): void {
    this.#busyUntilMs = 0;
    this.workMs = 0;
  }

  /** Runs `work` after `ms`, or when the machine gets to it. Cancel by clearing `run` of what the getter gives. */
  after(ms: number, work: () => void): { cancel(): void } {
    let event: ScheduledEvent;
    const begin = (): void => {
      const waitMs = this.#busyUntilMs - this.world.nowMs;
      if (waitMs > 0) {
        event = this.world.schedule(waitMs, begin);
        return;
      }
      if (this.workMs > 0) this.#busyUntilMs = this.world.nowMs + this.workMs;
      work();
    };
    event = this.world.schedule(ms, begin);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }
}

export const addressOf = (index: number): string => `sim://node-${index}`;
