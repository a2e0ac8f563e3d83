// One connection: two transports and the two directions between them. In order and reliable while nothing is wrong;
// troubles on the path make it lose, double, reorder, cut or damage messages, which no WebSocket does and sessions must
// survive all the same. Who goes without a word is noticed by a message that comes back as a reset, or by silence.
import type { Versions } from "../net/handshake.ts";
import {
  CLOSE_LOST,
  CLOSE_NORMAL,
  type Transport,
  type TransportClose,
  TransportInbox,
} from "../platform/transport.ts";
import { writeUint32 } from "../wire/replica-id.ts";
import { xxhash32 } from "../wire/xxhash32.ts";
import { FREE_PATH, type PathConditions } from "./path-conditions.ts";
import { Random } from "./random.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";

/** What the system takes from a process before its own buffer grows. */
const SOCKET_BUFFER_BYTES = 262_144;
/** 1 Gbit/s. */
const BYTES_PER_MS = 125_000;
/** What the digest takes of a message is its length and these many bytes at its start. */
const NOTED_BYTES = 24;
const NOTE_MESSAGE = 1;
/** A hello, and where it names its versions: the same in every version of the protocol. */
const HELLO_TYPE = 1;
const VERSIONS_OFFSET = 5;
const CHECKSUM_BYTES = 4;

/** What travels: a message, or the news that the other end closed. */
type Parcel = { readonly bytes: Uint8Array } | { readonly close: TransportClose };

export class SimulatedConnection {
  readonly network: SimulatedNetwork;
  readonly client: SimulatedTransport;
  readonly server: SimulatedTransport;
  readonly #there: Direction;
  readonly #back: Direction;

  constructor(
    network: SimulatedNetwork,
    number: number,
    client: SimulatedPlatform,
    server: SimulatedPlatform,
  ) {
    this.network = network;
    this.client = new SimulatedTransport(client, server.machine.address);
    this.server = new SimulatedTransport(server, client.machine.address);
    const oneWayMs = network.latencyMs(client.machine.index, server.machine.index);
    this.#there = new Direction(this, number, this.client, this.server, oneWayMs);
    this.#back = new Direction(this, number, this.server, this.client, oneWayMs);
    this.client.join(this.#there);
    this.server.join(this.#back);
  }

  get isOver(): boolean {
    return this.client.isOver && this.server.isOver;
  }

  conditionsChanged(): void {
    this.#there.conditionsChanged();
    this.#back.conditionsChanged();
  }

  died(platform: SimulatedPlatform, isTold: boolean): void {
    for (const end of [this.client, this.server]) if (end.platform === platform) end.vanish(isTold);
    this.forgetIfOver();
  }

  /** The way back for a message that reached an end which no longer exists. */
  resetTo(end: SimulatedTransport): void {
    const direction = end === this.client ? this.#back : this.#there;
    direction.send({ close: { code: CLOSE_LOST, reason: "reset by the peer" } });
  }

  forgetIfOver(): void {
    if (this.isOver) this.network.closed(this);
  }
}

class SimulatedTransport implements Transport {
  readonly peer: string;
  readonly platform: SimulatedPlatform;
  readonly inbox = new TransportInbox();
  /** No end of the connection is told anything by the network any more. */
  isSilent = false;
  #direction!: Direction;
  #isClosing = false;

  constructor(platform: SimulatedPlatform, peer: string) {
    this.platform = platform;
    this.peer = peer;
  }

  get isOver(): boolean {
    return this.#isClosing || this.inbox.isClosed || this.platform.isDead;
  }

  get bufferedBytes(): number {
    return Math.max(0, this.#direction.waitingBytes - SOCKET_BUFFER_BYTES);
  }

  join(direction: Direction): void {
    this.#direction = direction;
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosing || this.inbox.isClosed || this.platform.isDead) return;
    const { versions } = this.platform;
    this.#direction.message(versions === undefined ? bytes : withVersions(bytes, versions));
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.inbox.onMessage(listener);
  }

  onClose(listener: (close: TransportClose) => void): void {
    this.inbox.onClose(listener);
  }

  close(code = CLOSE_NORMAL, reason = ""): void {
    if (this.#isClosing || this.platform.isDead) return;
    this.#isClosing = true;
    this.#direction.send({ close: { code, reason } });
    this.platform.onTurnEnd(() => this.#over({ code, reason }));
  }

  terminate(): void {
    this.#isClosing = true;
    this.#direction.send({ close: { code: CLOSE_LOST, reason: "terminated" } });
    this.#over({ code: CLOSE_LOST, reason: "terminated" });
  }

  /** The process is gone; the system of a machine with power closes its sockets. */
  vanish(isTold: boolean): void {
    if (isTold && !this.#isClosing)
      this.#direction.send({ close: { code: CLOSE_LOST, reason: "the process ended" } });
    this.#isClosing = true;
  }

  /** The connection breaks; with `isQuiet` this end is not told. */
  lose(isQuiet: boolean): void {
    if (isQuiet) this.isSilent = true;
    else this.#over({ code: CLOSE_LOST, reason: "the connection broke" });
  }

  receive(parcel: Parcel): void {
    if (this.platform.isDead) return;
    if ("close" in parcel) this.#over(parcel.close);
    else this.inbox.message(parcel.bytes);
  }

  #over(close: TransportClose): void {
    this.#isClosing = true;
    // A process that is dead hears nothing, whatever becomes of its sockets.
    if (!this.platform.isDead) this.inbox.closed(close);
    this.#direction.connection.forgetIfOver();
  }
}

/** From one end to the other. */
class Direction {
  readonly connection: SimulatedConnection;
  readonly #network: SimulatedNetwork;
  readonly #random: Random;
  readonly #from: SimulatedTransport;
  readonly #to: SimulatedTransport;
  readonly #latencyMs: number;
  #conditions: PathConditions = FREE_PATH;
  #epoch = 0;
  #lastArrivalMs = 0;
  #busyUntilMs = 0;
  #held: Parcel[] = [];
  /** Bytes sent that have not arrived. */
  waitingBytes = 0;

  constructor(
    connection: SimulatedConnection,
    number: number,
    from: SimulatedTransport,
    to: SimulatedTransport,
    latencyMs: number,
  ) {
    this.connection = connection;
    this.#network = connection.network;
    this.#from = from;
    this.#to = to;
    this.#latencyMs = latencyMs;
    const { seed } = this.#network.world;
    this.#random = new Random(seed, "direction", number, from.platform.machine.index);
  }

  message(bytes: Uint8Array): void {
    const { counts } = this.#network;
    counts.sent++;
    counts.sentBytes += bytes.length;
    counts.sentByType[bytes[0] ?? 0]!++;
    if (bytes.length > counts.largestMessageBytes) counts.largestMessageBytes = bytes.length;
    this.#refresh();
    const fault = this.#drawFault();
    if (fault === "loss") return;
    const sent = damaged(bytes, fault, this.#random);
    this.send({ bytes: sent }, fault === "reordering");
    if (fault === "duplication") this.send({ bytes: sent.slice() });
  }

  send(parcel: Parcel, isOutOfOrder = false): void {
    if (this.#from.isSilent) return;
    this.#refresh();
    if ("bytes" in parcel) this.waitingBytes += parcel.bytes.length;
    if (this.#conditions.isCut) {
      this.#network.counts.met.cut++;
      this.#held.push(parcel);
    } else this.#travel(parcel, isOutOfOrder);
  }

  /** What a cut held goes on its way when the path is free again. */
  conditionsChanged(): void {
    this.#refresh();
    if (this.#held.length === 0 || this.#conditions.isCut) return;
    const held = this.#held;
    this.#held = [];
    for (const parcel of held) this.#travel(parcel, false);
  }

  #refresh(): void {
    if (this.#epoch === this.#network.epoch) return;
    this.#epoch = this.#network.epoch;
    const from = this.#from.platform.machine.index;
    this.#conditions = this.#network.conditions(from, this.#to.platform.machine.index);
  }

  #drawFault(): "loss" | "duplication" | "reordering" | "truncation" | "flip" | undefined {
    const conditions = this.#conditions;
    if (conditions === FREE_PATH) return undefined;
    for (const kind of ["loss", "duplication", "reordering", "truncation", "flip"] as const) {
      if (conditions[kind] > 0 && this.#random.chance(conditions[kind])) {
        this.#network.counts.met[kind]++;
        return kind;
      }
    }
    return undefined;
  }

  #travel(parcel: Parcel, isOutOfOrder: boolean): void {
    const { world, latency, counts } = this.#network;
    const length = "bytes" in parcel ? parcel.bytes.length : 0;
    this.#busyUntilMs = Math.max(this.#busyUntilMs, world.nowMs) + length / BYTES_PER_MS;
    let atMs = this.#busyUntilMs + this.#latencyMs + this.#random.exponential(latency.jitterMs);
    const { delayMs } = this.#conditions;
    if (delayMs > 0) {
      counts.met.delay++;
      atMs += this.#random.between(0, delayMs);
    }
    atMs = Math.ceil(atMs / latency.tickMs) * latency.tickMs;
    if (isOutOfOrder) atMs += this.#random.between(0, 4 * this.#latencyMs);
    else {
      atMs = Math.max(atMs, this.#lastArrivalMs);
      this.#lastArrivalMs = atMs;
    }
    this.#to.platform.machine.after(atMs - world.nowMs, () => this.#arrive(parcel));
  }

  #arrive(parcel: Parcel): void {
    const to = this.#to;
    if ("bytes" in parcel) this.waitingBytes -= parcel.bytes.length;
    if (!to.platform.machine.hasPower || to.isSilent) return;
    if (to.isOver) {
      if ("bytes" in parcel) this.connection.resetTo(this.#from);
      return;
    }
    if ("bytes" in parcel) {
      this.#network.counts.delivered++;
      noteMessage(this.#network, to.platform.machine.index, parcel.bytes);
    }
    to.receive(parcel);
  }
}

function noteMessage({ world }: SimulatedNetwork, at: number, bytes: Uint8Array): void {
  let detail = bytes.length;
  const end = Math.min(bytes.length, NOTED_BYTES);
  for (let index = 0; index < end; index++) detail = Math.imul(detail, 31) + bytes[index]!;
  world.note(NOTE_MESSAGE, at, detail);
}

/** A hello that names these versions; any other message as it is. */
function withVersions(bytes: Uint8Array, { versionMin, versionMax }: Versions): Uint8Array {
  if (bytes[0] !== HELLO_TYPE) return bytes;
  const hello = bytes.slice();
  hello[VERSIONS_OFFSET] = versionMin;
  hello[VERSIONS_OFFSET + 1] = versionMax;
  const end = hello.length - CHECKSUM_BYTES;
  writeUint32(hello, end, xxhash32(hello, 0, 0, end));
  return hello;
}

/** A copy, as every receiver gets its own. */
function damaged(bytes: Uint8Array, fault: string | undefined, random: Random): Uint8Array {
  if (fault === "truncation") return bytes.slice(0, random.below(bytes.length));
  const copy = bytes.slice();
  if (fault === "flip") copy[random.below(copy.length)]! ^= 1 << random.below(8);
  return copy;
}
