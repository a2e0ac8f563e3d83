// A replica's place in an overlay: membership over the connections there are, the connections the topology wants, lazy
// push of documents over them, and a look at what has been cut off. The decisions are in the rooms below; here frames,
// timers and connections are tied to them.
import { CrdtError } from "../errors.ts";
import { PhiAccrual } from "../failure-detection/phi-accrual.ts";
import { MEMBER_ADDRESS_BYTES_MAX, MEMBER_ADDRESSES_MAX, MEMBER_META_BYTES_MAX } from "../limits.ts";
import type { Extension, ExtensionEnd, ExtensionPeer } from "../net/extension.ts";
import { type Hub, hubOf } from "../net/index.ts";
import type { Platform } from "../platform/platform.ts";
import { callListener } from "../replica/call-listener.ts";
import { hostOf, type Replica } from "../replica/replica.ts";
import { type ReplicaId, readUint32 } from "../wire/replica-id.ts";
import { LazyPush, type PushStatistics } from "./lazy-push/lazy-push.ts";
import type { LinkedTo } from "./linking/link-plan.ts";
import { Linker } from "./linking/linker.ts";
import { isPresent, type Member, type MemberDescription } from "./membership/member.ts";
import type { MemberEvent } from "./membership/member-table.ts";
import {
  MEMBERSHIP_FEATURE,
  MEMBERSHIP_TYPES,
  readSwimMessage,
  type SwimMessage,
  writeSwimMessage,
} from "./membership/membership-messages.ts";
import { Swim } from "./membership/swim.ts";
import { smoothed } from "./optimiser.ts";
import { PartitionDetector, type PartitionEvent } from "./partition/partition-detector.ts";
import { Neighbourhood } from "./topology/neighbourhood.ts";
import type { Topology } from "./topology/topology.ts";

export interface OverlayOptions {
  /** Addresses of members to join through; none for the first of a fleet. */
  readonly seeds?: readonly string[];
  /** Where others can connect to this replica (`serve` listens); without it, it only opens connections itself. */
  readonly address?: string | readonly string[];
  /** What is near: a rack, a site, a part of the world. */
  readonly region?: string;
  /** Up to 512 bytes every member gets to see. */
  readonly meta?: Uint8Array;
  /** Which connections to keep; the same for all members. A partial mesh unless said otherwise. */
  readonly topology?: Topology;
  /** Of the choices topologies make; the same for all members. */
  readonly seed?: number;
}

/** A member as this replica believes it to be. */
export interface OverlayMember extends MemberDescription {
  readonly id: ReplicaId;
  readonly state: Member["state"];
  readonly isSelf: boolean;
}

export interface OverlayLink {
  readonly id: ReplicaId;
  /** Whether this replica opened it. */
  readonly isOpener: boolean;
  /** Smoothed; undefined before the first, and at the end that did not open it. */
  readonly roundTripMs: number | undefined;
  /** How much speaks against the other end being there: 1, one wrong guess in ten; 8, one in 100 million. */
  readonly phi: number;
}

/** A silent end is probed from here on, in its turn or not. */
const PHI_SUSPICIOUS = 8;
/** How often links and parts are looked at, beside when something changed. */
const LOOK_EVERY_MS = 500;
/** What changes together is looked at together. */
const LOOK_AFTER_CHANGE_MS = 50;
const LEAVE_WITHIN_MS = 1_000;
const LEAVE_POLL_MS = 50;

interface LinkState {
  readonly ends: Set<MembershipEnd>;
  readonly sinceMs: number;
  readonly phi: PhiAccrual;
  roundTripMs: number | undefined;
}

interface MembershipEnd extends ExtensionEnd {
  readonly peer: ExtensionPeer;
}

const joined = new WeakSet<Replica>();

/**
 * Joins a fleet and keeps the connections its topology wants. Listen first (`serve`) where others shall connect.
 * Errors: invalid-argument when this replica has joined before or an address is no text; limit-exceeded.
 */
export function joinOverlay(replica: Replica, options: OverlayOptions = {}): Overlay {
  const description = describe(options);
  if (joined.has(replica)) {
    throw new CrdtError("invalid-argument", "this replica has joined an overlay before; create another one");
  }
  joined.add(replica);
  return new Overlay(hubOf(hostOf(replica)), description, options);
}

export class Overlay {
  readonly #platform: Platform;
  readonly #push: LazyPush;
  readonly #links = new Map<ReplicaId, LinkState>();
  readonly #linker: Linker;
  readonly #neighbourhood: Neighbourhood;
  readonly #memberListeners = new Set<(event: MemberEvent) => void>();
  readonly #partitionListeners = new Set<(event: PartitionEvent) => void>();
  /** Members whose connection was closed while nothing spoke against them. */
  readonly #closedBefore = new Set<ReplicaId>();
  readonly #stopListening: () => void;
  #swim: Swim;
  #detector: PartitionDetector;
  #cancelTick: () => void = () => {};
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #timerDueMs = Number.NEGATIVE_INFINITY;
  #isActing = false;
  #isLookDue = false;
  #isLeaving = false;

  constructor(hub: Hub, description: MemberDescription, options: OverlayOptions) {
    this.#platform = hub.host.platform;
    const { topology = { kind: "partial-mesh" }, seed = 0, seeds = [] } = options;
    this.#neighbourhood = new Neighbourhood(topology, seed, this.#random);
    this.#swim = new Swim(hub.host.id, description, this.#nowMs, this.#random);
    this.#detector = new PartitionDetector(hub.host.id);
    this.#push = new LazyPush(this.#platform);
    this.#linker = new Linker(hub, seeds, this.#random, () => this.#look());
    hub.extend(this.#membership());
    hub.extend(this.#push);
    this.#stopListening = hub.host.onIdChange((id) => this.#renamed(id));
    this.#act(() => {});
    this.#look();
  }

  get id(): ReplicaId {
    return this.#swim.table.self.id;
  }

  /** What streams brought here, and how much of it in vain. */
  get pushes(): PushStatistics {
    return this.#push.statistics;
  }

  get topology(): Topology {
    return this.#neighbourhood.topology;
  }

  /** Everybody known, this replica first. Those who are gone stay for an hour. */
  members(): OverlayMember[] {
    const { table } = this.#swim;
    return [table.self, ...table.others].map(({ incarnation: _, ...member }) => ({
      ...member,
      isSelf: member.id === table.self.id,
    }));
  }

  links(): OverlayLink[] {
    return [...this.#links].map(([id, { ends, roundTripMs, phi }]) => ({
      id,
      isOpener: [...ends].some(({ peer }) => peer.role === "client"),
      roundTripMs,
      phi: phi.phi(this.#nowMs),
    }));
  }

  /** Keeps other connections from now on; the old ones last until the new ones stand. */
  setTopology(topology: Topology): void {
    this.#neighbourhood.topology = topology;
    this.#look();
  }

  /** Says something else of this replica. Errors: those of joinOverlay. */
  describe(options: Pick<OverlayOptions, "address" | "region" | "meta">): void {
    const { addresses, region, meta } = this.#swim.table.self;
    const description = describe({ address: addresses, region, meta, ...options });
    this.#act(() => this.#swim.table.describe(description));
    this.#look();
  }

  onMember(listener: (event: MemberEvent) => void): () => void {
    this.#memberListeners.add(listener);
    return () => this.#memberListeners.delete(listener);
  }

  onPartition(listener: (event: PartitionEvent) => void): () => void {
    this.#partitionListeners.add(listener);
    return () => this.#partitionListeners.delete(listener);
  }

  /** Tells the others, waits up to a second until they were told, and closes the connections it opened. */
  async leave(): Promise<void> {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#act(() => this.#swim.table.describe({}, "left"));
    const endMs = this.#nowMs + LEAVE_WITHIN_MS;
    while (this.#links.size > 0 && !this.#swim.isQuiet && this.#nowMs < endMs) {
      await new Promise<void>((resolve) => this.#platform.setTimer(resolve, LEAVE_POLL_MS));
    }
    this.#cancelTick();
    this.#stopListening();
    this.#push.close();
    await this.#linker.close();
  }

  readonly #random = (): number => readUint32(this.#platform.randomBytes(4), 0) / 0x1_0000_0000;

  get #nowMs(): number {
    return this.#platform.monotonicMs();
  }

  #membership(): Extension {
    return {
      feature: MEMBERSHIP_FEATURE,
      types: Object.values(MEMBERSHIP_TYPES),
      open: (peer) => this.#opened(peer),
    };
  }

  #opened(peer: ExtensionPeer): MembershipEnd {
    const id = peer.hello.replica;
    const end: MembershipEnd = {
      peer,
      receive: (type, reader) => {
        const message = readSwimMessage(type, reader);
        this.#links.get(id)?.phi.heard(this.#nowMs);
        this.#act(() => this.#swim.receive(id, message, this.#nowMs));
      },
      close: () => this.#ended(id, end),
    };
    const known = this.#links.get(id);
    known?.ends.add(end);
    if (known === undefined) {
      const phi = new PhiAccrual();
      this.#links.set(id, { ends: new Set([end]), sinceMs: this.#nowMs, phi, roundTripMs: undefined });
      this.#closedBefore.delete(id);
      this.#act(() => this.#swim.linkUp(id, peer.role === "client", this.#nowMs));
    }
    return end;
  }

  #ended(id: ReplicaId, end: MembershipEnd): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.ends.delete(end);
    if (link.ends.size > 0) return;
    this.#links.delete(id);
    this.#neighbourhood.ended(id);
    if (this.#swim.table.get(id)?.state === "alive") this.#closedBefore.add(id);
    this.#act(() => this.#swim.linkDown(id));
    this.#look();
  }

  /** Lets membership act, sends what it says, and sets the timer for what it does next. */
  #act(step: () => void): void {
    step();
    if (this.#isActing) return;
    this.#isActing = true;
    let isChanged = false;
    for (const output of this.#swim.takeOutputs()) {
      if (output.kind === "send") this.#send(output.link, output.message);
      else if (output.kind === "round-trip") this.#measured(output.link, output.ms);
      else {
        isChanged = true;
        for (const listener of [...this.#memberListeners]) callListener(listener, output.event);
      }
    }
    this.#isActing = false;
    if (isChanged) this.#isLookDue = true;
    this.#setTimer();
  }

  #setTimer(): void {
    const dueMs = Math.max(this.#nowMs, Math.min(this.#swim.dueMs, this.#lookDueMs));
    // A timer that comes too early finds nothing to do; only one that would come too late is set anew.
    if (this.#timerDueMs > this.#nowMs && this.#timerDueMs <= dueMs) return;
    this.#cancelTick();
    this.#timerDueMs = dueMs;
    this.#cancelTick = this.#platform.setTimer(() => this.#tick(), dueMs - this.#nowMs, { background: true });
  }

  #tick(): void {
    this.#timerDueMs = Number.NEGATIVE_INFINITY;
    for (const [id, { phi }] of this.#links) {
      if (phi.phi(this.#nowMs) > PHI_SUSPICIOUS) this.#swim.probeSoon(id);
    }
    if (this.#nowMs >= this.#lookDueMs) this.#look();
    this.#act(() => this.#swim.tick(this.#nowMs));
  }

  #send(link: ReplicaId, message: SwimMessage): void {
    const [end] = this.#links.get(link)?.ends ?? [];
    end?.peer.sendFrame(MEMBERSHIP_TYPES[message.type], (writer) => writeSwimMessage(writer, message));
  }

  get #lookDueMs(): number {
    return this.#lookedAtMs + (this.#isLookDue ? LOOK_AFTER_CHANGE_MS : LOOK_EVERY_MS);
  }

  #measured(link: ReplicaId, ms: number): void {
    const state = this.#links.get(link);
    if (state !== undefined) state.roundTripMs = smoothed(state.roundTripMs, ms);
  }

  /** Brings connections to what is wanted, and looks for parts that are gone. */
  #look(): void {
    this.#lookedAtMs = this.#nowMs;
    this.#isLookDue = false;
    if (this.#isLeaving) return;
    const { table } = this.#swim;
    const linked = new Map<ReplicaId, LinkedTo>();
    const roundTrips = new Map<ReplicaId, number>();
    for (const [id, { ends, sinceMs, roundTripMs }] of this.#links) {
      const opened = [...ends].filter(({ peer }) => peer.role === "client").length;
      linked.set(id, { opened, accepted: ends.size - opened, sinceMs });
      if (roundTripMs !== undefined) roundTrips.set(id, roundTripMs);
    }
    const wanted = this.#neighbourhood.wanted(table, linked, roundTrips, this.#nowMs);
    this.#linker.step(
      {
        self: table.self.id,
        canListen: table.self.addresses.length > 0,
        wanted,
        isMutual: this.topology.kind !== "partial-mesh",
        linked,
        addressOf: (id) => this.#addressOf(table.get(id)),
        gone: () => this.#goneAddresses(),
      },
      this.#nowMs,
    );
    this.#detect();
  }

  #addressOf(member: Member | undefined): string | undefined {
    const addresses = member?.addresses ?? [];
    return addresses[Math.floor(this.#random() * addresses.length)];
  }

  /** Where one who is gone may be reached; not where somebody else is now, perhaps the same with a new id. */
  #goneAddresses(): string[] {
    const { table } = this.#swim;
    const gone = new Set<string>();
    for (const { state, addresses } of table.others) {
      if (state === "dead") for (const address of addresses) gone.add(address);
    }
    if (gone.size === 0) return [];
    for (const member of [table.self, ...table.others]) {
      if (isPresent(member)) for (const address of member.addresses) gone.delete(address);
    }
    return [...gone];
  }

  #detect(): void {
    const { table } = this.#swim;
    const members = [...table.others]
      .filter(({ state }) => state !== "left")
      .map((member) => {
        const lostSinceMs = table.goneSinceMs(member.id);
        const isReached = isPresent(member);
        return {
          id: member.id,
          region: member.region,
          isReached,
          lostSinceMs,
          wasClosed: this.#closedBefore.has(member.id),
          isHeardElsewhere: !isReached && table.isHeardSince(member.id, lostSinceMs ?? 0),
        };
      });
    const links = members.every(({ isReached }) => isReached) ? new Map() : table.lastLinks();
    const event = this.#detector.observe(members, links, this.#nowMs);
    if (event === undefined) return;
    for (const listener of [...this.#partitionListeners]) callListener(listener, event);
  }

  /** Another id is another member: the old one leaves, and every connection begins anew with the new one. */
  #renamed(id: ReplicaId): void {
    const { incarnation: _, id: _old, state: _state, ...description } = this.#swim.table.self;
    this.#act(() => this.#swim.table.describe({}, "left"));
    this.#act(() => this.#swim.tick(this.#nowMs));
    const ends = [...this.#links.values()].flatMap((link) => [...link.ends]);
    this.#links.clear();
    this.#swim = new Swim(id, description, this.#nowMs, this.#random);
    this.#detector = new PartitionDetector(id);
    this.#platform.onTurnEnd(() => {
      for (const { peer } of ends) {
        peer.close(new CrdtError("connection-closed", "this replica has taken a new id and connects again"));
      }
      this.#act(() => {});
    });
  }
}

/** Checks what a member says of itself. */
function describe({
  address = [],
  region = "",
  meta = new Uint8Array(0),
}: OverlayOptions): MemberDescription {
  const addresses = typeof address === "string" ? [address] : [...address];
  const bytesOf = (text: string) => new TextEncoder().encode(text).length;
  const limit = (what: string, found: number, max: number) => {
    if (found <= max) return;
    throw new CrdtError("limit-exceeded", `${what}: ${found}, at most ${max} are allowed; say less`);
  };
  if (addresses.some((each) => typeof each !== "string" || each === "")) {
    throw new CrdtError(
      "invalid-argument",
      `addresses ${JSON.stringify(addresses)}: give texts that are not empty`,
    );
  }
  limit("addresses of a member", addresses.length, MEMBER_ADDRESSES_MAX);
  for (const each of addresses) limit(`bytes of address ${each}`, bytesOf(each), MEMBER_ADDRESS_BYTES_MAX);
  limit("bytes of a region", bytesOf(region), MEMBER_ADDRESS_BYTES_MAX);
  limit("bytes of meta", meta.length, MEMBER_META_BYTES_MAX);
  return { addresses, region, meta: meta.slice(), features: MEMBERSHIP_FEATURE };
}
