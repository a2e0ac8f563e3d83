// A TCP proxy on loopback that does to a connection what networks do: bytes come late, slowly, or not at all, and
// connections break off. Order within a connection is kept, as TCP keeps it; bytes that are lost take their connection with
// them, at once (a reset) or when the fault ends (half-open: both sides believe in it meanwhile).
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface Faults {
  /** Each piece waits up to this long. */
  readonly delayMs: number;
  /** Bytes a second each way. */
  readonly bytesPerSecond: number;
  /** The chance of each piece to break the connection instead. */
  readonly resetChance: number;
  /** Nothing passes, nobody is told, new connections included. */
  readonly isHalfOpen: boolean;
  /** Connections are refused, and those there are break off. */
  readonly isCut: boolean;
}

export const NO_FAULTS: Faults = {
  delayMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  resetChance: 0,
  isHalfOpen: false,
  isCut: false,
};

export class FaultProxy {
  readonly #server: Server;
  readonly #target: () => number;
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  /** Sockets that lost bytes: what came after would make no sense. */
  readonly #torn = new Set<Socket>();
  #faults = NO_FAULTS;
  /** Pieces that were let through, held up, lost. */
  readonly counts = { passed: 0, delayed: 0, resets: 0, swallowed: 0 };

  private constructor(target: () => number, random: () => number) {
    this.#target = target;
    this.#random = random;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** `target` is asked for the port at each connection. */
  static async start(target: () => number, random: () => number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, random);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  set(faults: Partial<Faults>): void {
    this.#faults = { ...NO_FAULTS, ...faults };
    const broken = this.#faults.isCut ? this.#sockets : this.#faults.isHalfOpen ? [] : this.#torn;
    for (const socket of [...broken]) socket.resetAndDestroy();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #accept(client: Socket): void {
    if (this.#faults.isCut) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.#target(), "127.0.0.1");
    this.#carry(client, upstream);
    this.#carry(upstream, client);
  }

  #carry(from: Socket, to: Socket): void {
    let freeAtMs = performance.now();
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("error", () => from.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      this.#torn.delete(from);
      if (!this.#faults.isHalfOpen) to.destroy();
      else this.#torn.add(to);
    });
    from.on("data", (piece: Buffer) => {
      const { delayMs, bytesPerSecond, resetChance, isHalfOpen } = this.#faults;
      if (isHalfOpen) {
        this.counts.swallowed++;
        this.#torn.add(from).add(to);
        return;
      }
      if (resetChance > 0 && this.#random() < resetChance) {
        this.counts.resets++;
        from.resetAndDestroy();
        to.resetAndDestroy();
        return;
      }
      const nowMs = performance.now();
      const wantedMs = nowMs + this.#random() * delayMs + (piece.length / bytesPerSecond) * 1_000;
      freeAtMs = Math.max(freeAtMs, wantedMs);
      if (freeAtMs <= nowMs) {
        this.counts.passed++;
        to.write(piece);
        return;
      }
      this.counts.delayed++;
      setTimeout(() => to.writable && to.write(piece), freeAtMs - nowMs);
    });
  }
}
