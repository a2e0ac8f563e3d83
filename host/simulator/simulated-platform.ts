// The platform of one process in the simulated world (host/platform/platform.ts). When the process dies nothing of it
// goes on: timers and turns do not come, and storage and sockets it waited for never answer.
import { CrdtError } from "../errors.ts";
import type { Versions } from "../net/handshake.ts";
import type {
  KeyRange,
  Platform,
  PlatformStorage,
  StorageWrite,
  TimerOptions,
} from "../platform/platform.ts";
import type { Transport } from "../platform/transport.ts";
import type { Machine } from "./machine.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";

const READ_MS = { from: 0.05, to: 0.5 } as const;
const WRITE_MS = { from: 0.05, to: 1 } as const;
const FLUSH_MS = { from: 1, to: 12 } as const;

export class SimulatedPlatform implements Platform {
  readonly name = "simulated";
  readonly machine: Machine;
  /** The versions of the protocol its hellos name; those of the code unless set. */
  versions: Versions | undefined;
  readonly #network: SimulatedNetwork;
  #isDead = false;

  constructor(machine: Machine, network: SimulatedNetwork) {
    this.machine = machine;
    this.#network = network;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  now(): number {
    return Math.floor(this.machine.world.wallMs + this.machine.clockOffMs);
  }

  monotonicMs(): number {
    return this.machine.world.nowMs;
  }

  randomBytes(count: number): Uint8Array {
    return this.machine.random.bytes(count);
  }

  /** Whole milliseconds and at least one, as Node's timers: less would let who counts in fractions hold time for ever. */
  setTimer(callback: () => void, ms: number, _options?: TimerOptions): () => void {
    const timer = this.machine.after(Math.max(1, Math.floor(ms)), () => this.#call(callback));
    return () => timer.cancel();
  }

  onTurnEnd(callback: () => void): void {
    this.machine.after(0, () => this.#call(callback));
  }

  connect(url: string): Promise<Transport> {
    return new Promise((resolve, reject) => {
      this.#network.connect(this, url, resolve, reject);
    });
  }

  async openStorage(location: string): Promise<PlatformStorage> {
    await this.wait(READ_MS);
    const { disk } = this.machine;
    if (disk.isLocked) throw new CrdtError("store-locked", `The storage "${location}" is open elsewhere.`);
    disk.isLocked = true;
    return new SimulatedStorage(this, disk);
  }

  /** The end of the process; the machine keeps its disk. */
  die(): void {
    this.#isDead = true;
    this.machine.disk.isLocked = false;
  }

  /** Resolves after a while drawn from this span; never, when the process dies first. */
  wait({ from, to }: { readonly from: number; readonly to: number }): Promise<void> {
    return new Promise((resolve) => {
      this.machine.after(this.machine.random.between(from, to), () => this.#call(resolve));
    });
  }

  #call(callback: () => void): void {
    if (!this.#isDead) callback();
  }
}

class SimulatedStorage implements PlatformStorage {
  readonly #platform: SimulatedPlatform;
  readonly #disk: SimulatedDisk;
  #isClosed = false;

  constructor(platform: SimulatedPlatform, disk: SimulatedDisk) {
    this.#platform = platform;
    this.#disk = disk;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#ready(READ_MS);
    return this.#disk.get(key);
  }

  async write(writes: readonly StorageWrite[], flush: boolean): Promise<void> {
    // A process that dies while it waits may have written already, or not.
    const isEarly = this.#platform.machine.random.chance(0.5);
    if (isEarly) this.#write(writes, flush);
    else this.#disk.underway = writes;
    await this.#ready(flush ? FLUSH_MS : WRITE_MS);
    if (isEarly) return;
    this.#disk.underway = undefined;
    this.#write(writes, flush);
  }

  async *keys(range: KeyRange): AsyncGenerator<string> {
    await this.#ready(READ_MS);
    yield* this.#disk.keys(range);
  }

  async *entries(range: KeyRange): AsyncGenerator<readonly [string, Uint8Array]> {
    await this.#ready(READ_MS);
    for (const key of this.#disk.keys(range)) yield [key, this.#disk.get(key)!];
  }

  async fingerprint(): Promise<string | undefined> {
    return this.#disk.fingerprint;
  }

  async renewFingerprint(): Promise<string | undefined> {
    this.#disk.renewFingerprint();
    return this.#disk.fingerprint;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#disk.isLocked = false;
  }

  #write(writes: readonly StorageWrite[], flush: boolean): void {
    if (this.#isClosed) throw new CrdtError("store-closed", "The storage is closed.");
    if (this.#disk.isFull) throw new CrdtError("store-full", "The storage is full: free some space.");
    this.#disk.write(writes, flush);
  }

  async #ready(span: { readonly from: number; readonly to: number }): Promise<void> {
    await this.#platform.wait(span);
    if (this.#isClosed) throw new CrdtError("store-closed", "The storage is closed.");
  }
}
