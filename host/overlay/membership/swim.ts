// Membership and failure detection by SWIM with Lifeguard's refinements (papers in member.ts and local-health.ts), as
// a state machine: links, messages and the time go in, messages and events come out. It differs from the paper where
// members are joined by connections that only some of them share: rumours go to linked members, and a probe of any
// other is forwarded hop by hop over the connections members say they keep. Such a probe tests the way as much as the
// member, so a cut of the overlay looks like the death of all behind it (see partition-detector.ts).
import { MEMBER_LINKS_MAX, PROBE_HOPS_MAX } from "../../limits.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import { LocalHealth, type SuspicionTiming } from "./local-health.ts";
import { isPresent, type MemberDescription, type Rumour } from "./member.ts";
import { type MemberEvent, MemberTable } from "./member-table.ts";
import type { SwimMessage } from "./membership-messages.ts";
import { RumourQueue } from "./rumour-queue.ts";

export interface SwimTiming extends SuspicionTiming {
  readonly probeTimeoutMs: number;
  /** Members asked to probe one that gave no answer. */
  readonly indirectProbes: number;
  readonly gossipEveryMs: number;
  /** Links told at a time, at least. */
  readonly gossipLinks: number;
  /** Times log10 of the members: how often a rumour is told. */
  readonly rumourFactor: number;
  /** Whole tables are compared so often, with one link. */
  readonly exchangeEveryMs: number;
  /** A link this node opened is asked for its round trip so often. */
  readonly linkEveryMs: number;
}

/** The settings of memberlist for local networks (https://github.com/hashicorp/memberlist, DefaultLANConfig). */
export const SWIM_TIMING: SwimTiming = {
  probeEveryMs: 1_000,
  probeTimeoutMs: 500,
  indirectProbes: 3,
  suspicionFactor: 4,
  suspicionLongest: 6,
  gossipEveryMs: 200,
  gossipLinks: 3,
  rumourFactor: 4,
  exchangeEveryMs: 30_000,
  linkEveryMs: 1_000,
};

export type SwimOutput =
  | { readonly kind: "send"; readonly link: ReplicaId; readonly message: SwimMessage }
  | { readonly kind: "member"; readonly event: MemberEvent }
  | { readonly kind: "round-trip"; readonly link: ReplicaId; readonly ms: number };

/** Rumours in one frame: a datagram's worth, so that probes stay quick. */
const RUMOUR_BYTES = 1_400;
/** A helper says so when the target has not answered in this share of the timeout. */
const NACK_SHARE = 0.8;
/** Probes that go to a suspect while there is one. */
const SUSPECT_SHARE = 1 / 3;

interface Probe {
  readonly target: ReplicaId;
  readonly sequence: number;
  readonly timeoutAtMs: number;
  readonly endsAtMs: number;
  helpers: number;
  refusals: number;
  isIndirect: boolean;
  isAnswered: boolean;
}

interface Errand {
  readonly for: ReplicaId;
  readonly sequence: number;
  readonly nackAtMs: number;
}

export class Swim {
  readonly table: MemberTable;
  readonly health = new LocalHealth();
  readonly #timing: SwimTiming;
  readonly #random: () => number;
  readonly #queue: RumourQueue;
  /** Linked members; whether this node opened the link, and when its round trip is asked for next. */
  readonly #links = new Map<ReplicaId, { isOpener: boolean; askAtMs: number }>();
  readonly #asked = new Map<number, { readonly link: ReplicaId; readonly atMs: number }>();
  readonly #errands = new Map<number, Errand>();
  readonly #outputs: SwimOutput[] = [];
  #order: ReplicaId[] = [];
  #probe: Probe | undefined;
  #sequence = 0;
  #probeAtMs: number;
  #gossipAtMs: number;
  #exchangeAtMs: number;

  constructor(
    id: ReplicaId,
    description: MemberDescription,
    nowMs: number,
    random: () => number,
    timing: SwimTiming = SWIM_TIMING,
  ) {
    this.#timing = timing;
    this.#random = random;
    this.#queue = new RumourQueue(timing.rumourFactor, rumourBytes);
    this.table = new MemberTable(id, description, this.#queue, this.health, timing);
    // Nodes that start together do not probe together.
    this.#probeAtMs = nowMs + random() * timing.probeEveryMs;
    this.#gossipAtMs = nowMs;
    this.#exchangeAtMs = nowMs + (0.5 + random()) * timing.exchangeEveryMs;
  }

  /** What to send and tell since the last call. */
  takeOutputs(): SwimOutput[] {
    for (const event of this.table.events.splice(0)) this.#outputs.push({ kind: "member", event });
    return this.#outputs.splice(0);
  }

  /** Whether everything there is to say has been said to all links. */
  get isQuiet(): boolean {
    return this.#queue.size === 0;
  }

  get links(): Iterable<ReplicaId> {
    return this.#links.keys();
  }

  /** When `tick` has something to do next. */
  get dueMs(): number {
    let atMs = Math.min(this.#probeAtMs, this.#exchangeAtMs, this.table.expiresAtMs);
    const probe = this.#probe;
    if (probe !== undefined && !probe.isIndirect && !probe.isAnswered)
      atMs = Math.min(atMs, probe.timeoutAtMs);
    if (this.#queue.size > 0 && this.#links.size > 0) atMs = Math.min(atMs, this.#gossipAtMs);
    for (const { nackAtMs } of this.#errands.values()) atMs = Math.min(atMs, nackAtMs);
    for (const { isOpener, askAtMs } of this.#links.values()) if (isOpener) atMs = Math.min(atMs, askAtMs);
    return atMs;
  }

  /** A connection to a member was opened, by this node or by that one. */
  linkUp(link: ReplicaId, isOpener: boolean, nowMs: number): void {
    this.#links.set(link, { isOpener, askAtMs: nowMs });
    this.table.routes.setOwn(link, true);
    this.#tellOpened();
    this.#send(link, { type: "exchange", hash: this.table.hash, rumours: undefined });
  }

  /** The connection is gone; whether the member is too, a probe will tell. */
  linkDown(link: ReplicaId): void {
    if (!this.#links.delete(link)) return;
    this.table.routes.setOwn(link, false);
    for (const [sequence, asked] of this.#asked) if (asked.link === link) this.#asked.delete(sequence);
    this.#tellOpened();
    this.probeSoon(link);
  }

  /** Probes a member next: something speaks against it. */
  probeSoon(id: ReplicaId): void {
    this.#order = this.#order.filter((other) => other !== id);
    this.#order.push(id);
  }

  receive(link: ReplicaId, message: SwimMessage, nowMs: number): void {
    for (const rumour of message.rumours ?? []) this.table.apply(rumour, link, nowMs);
    if (message.type === "exchange") this.#exchanged(link, message.hash, message.rumours !== undefined);
    else if (message.type !== "rumours") {
      if (message.to !== this.table.self.id) this.#forward(link, message);
      else if (message.type === "probe") this.#probed(message.from, message.sequence, message.target, nowMs);
      else this.#answered(message.sequence, message.isReached, nowMs);
    }
  }

  tick(nowMs: number): void {
    this.table.expire(nowMs);
    this.#runErrands(nowMs);
    if (this.#probe !== undefined && nowMs >= this.#probe.timeoutAtMs) this.#askHelpers(this.#probe);
    if (nowMs >= this.#probeAtMs) this.#nextProbe(nowMs);
    this.#askLinks(nowMs);
    if (nowMs >= this.#exchangeAtMs) this.#startExchange(nowMs);
    if (nowMs >= this.#gossipAtMs && this.#queue.size > 0) this.#gossip(nowMs);
  }

  #tellOpened(): void {
    const opened: ReplicaId[] = [];
    for (const [link, { isOpener }] of this.#links) if (isOpener) opened.push(link);
    // In a mesh too large to tell, everybody reaches everybody without.
    this.table.setOpened(opened.sort().slice(0, MEMBER_LINKS_MAX));
  }

  #send(link: ReplicaId, message: SwimMessage): void {
    this.#outputs.push({ kind: "send", link, message });
  }

  #route(to: ReplicaId, make: (rumours: Rumour[]) => SwimMessage): void {
    const links = [...this.#links.keys()];
    const hop = this.table.routes.nextHop(to) ?? pick(links, this.#random);
    if (hop === undefined) return;
    const rumours = this.#queue.take(hop, links.length, this.table.size, RUMOUR_BYTES);
    const target = this.table.get(to);
    // Whoever is suspected hears it with the probe, and can deny it at once.
    const isToldAlready = rumours.some((rumour) => rumour.kind === "member" && rumour.member.id === to);
    if (target?.state === "suspect" && !isToldAlready) {
      rumours.unshift({ kind: "member", member: target, from: this.table.self.id });
    }
    this.#send(hop, make(rumours));
  }

  #sendProbe(to: ReplicaId, sequence: number, target?: ReplicaId): void {
    const from = this.table.self.id;
    this.#route(to, (rumours) => ({ type: "probe", from, to, hops: 0, sequence, target, rumours }));
  }

  #sendAnswer(to: ReplicaId, sequence: number, isReached: boolean): void {
    const from = this.table.self.id;
    this.#route(to, (rumours) => ({ type: "answer", from, to, hops: 0, sequence, isReached, rumours }));
  }

  #forward(link: ReplicaId, message: Extract<SwimMessage, { readonly to: ReplicaId }>): void {
    const hop = this.table.routes.nextHop(message.to);
    if (hop === undefined || hop === link || message.hops >= PROBE_HOPS_MAX) return;
    this.#send(hop, { ...message, hops: message.hops + 1 });
  }

  #probed(from: ReplicaId, sequence: number, target: ReplicaId | undefined, nowMs: number): void {
    if (target === undefined || target === this.table.self.id) {
      this.#sendAnswer(from, sequence, true);
      return;
    }
    const own = ++this.#sequence;
    const nackAtMs = nowMs + this.#timing.probeTimeoutMs * NACK_SHARE;
    this.#errands.set(own, { for: from, sequence, nackAtMs });
    this.#sendProbe(target, own);
  }

  #answered(sequence: number, isReached: boolean, nowMs: number): void {
    const asked = this.#asked.get(sequence);
    if (asked !== undefined) {
      this.#asked.delete(sequence);
      this.#outputs.push({ kind: "round-trip", link: asked.link, ms: nowMs - asked.atMs });
      return;
    }
    const errand = this.#errands.get(sequence);
    if (errand !== undefined) {
      this.#errands.delete(sequence);
      this.#sendAnswer(errand.for, errand.sequence, isReached);
      return;
    }
    const probe = this.#probe;
    if (probe?.sequence !== sequence) return;
    if (!isReached) probe.refusals++;
    else if (!probe.isAnswered) {
      probe.isAnswered = true;
      this.health.change(-1);
    }
  }

  /** Judges the last probe and begins the next. */
  #nextProbe(nowMs: number): void {
    this.#judge(nowMs);
    const { probeEveryMs, probeTimeoutMs } = this.#timing;
    const endsAtMs = nowMs + probeEveryMs * this.health.factor;
    this.#probeAtMs = endsAtMs;
    const target = this.#nextTarget();
    this.#probe = undefined;
    if (target === undefined) return;
    const sequence = ++this.#sequence;
    const timeoutAtMs = nowMs + probeTimeoutMs * this.health.factor;
    const state = { helpers: 0, refusals: 0, isIndirect: false, isAnswered: false };
    this.#probe = { target, sequence, timeoutAtMs, endsAtMs, ...state };
    this.#sendProbe(target, sequence);
  }

  #judge(nowMs: number): void {
    const probe = this.#probe;
    if (probe === undefined || probe.isAnswered) return;
    // Helpers that said nothing at all speak against this node, not against the target.
    this.health.change(probe.helpers > 0 ? probe.helpers - probe.refusals : 1);
    this.table.suspect(probe.target, nowMs);
  }

  #askHelpers(probe: Probe): void {
    if (probe.isIndirect || probe.isAnswered) return;
    probe.isIndirect = true;
    const helpers = [...this.#links.keys()].filter((link) => link !== probe.target);
    for (const helper of shuffled(helpers, this.#random).slice(0, this.#timing.indirectProbes)) {
      probe.helpers++;
      this.#sendProbe(helper, probe.sequence, probe.target);
    }
  }

  /**
   * Everybody in turn, in an order drawn anew for each round; one time in three a suspect, who may have missed that he
   * is one and hears it with the probe.
   */
  #nextTarget(): ReplicaId | undefined {
    const suspect = pick(this.table.suspects, this.#random);
    if (suspect !== undefined && this.#random() < SUSPECT_SHARE) return suspect;
    for (let round = 0; round < 2; round++) {
      for (let id = this.#order.pop(); id !== undefined; id = this.#order.pop()) {
        const member = this.table.get(id);
        if (member !== undefined && id !== this.table.self.id && isPresent(member)) return id;
      }
      const present = [...this.table.others].filter(isPresent).map(({ id }) => id);
      this.#order = shuffled(present, this.#random);
    }
    return undefined;
  }

  #runErrands(nowMs: number): void {
    for (const [sequence, errand] of this.#errands) {
      if (nowMs < errand.nackAtMs) continue;
      this.#errands.delete(sequence);
      this.#sendAnswer(errand.for, errand.sequence, false);
    }
  }

  #askLinks(nowMs: number): void {
    for (const [link, state] of this.#links) {
      if (!state.isOpener || nowMs < state.askAtMs) continue;
      state.askAtMs = nowMs + this.#timing.linkEveryMs;
      for (const [sequence, { link: other, atMs }] of this.#asked) {
        if (other === link && nowMs - atMs > 4 * this.#timing.linkEveryMs) this.#asked.delete(sequence);
      }
      const sequence = ++this.#sequence;
      this.#asked.set(sequence, { link, atMs: nowMs });
      this.#sendProbe(link, sequence);
    }
  }

  #gossip(nowMs: number): void {
    this.#gossipAtMs = nowMs + this.#timing.gossipEveryMs;
    const links = [...this.#links.keys()];
    const { size } = this.table;
    const owed = links.filter((link) => this.#queue.isOwed(link, links.length, size));
    // A hub has everybody told within a second too.
    const count = Math.max(this.#timing.gossipLinks, Math.ceil(links.length / 5));
    for (const link of shuffled(owed, this.#random).slice(0, count)) {
      const rumours = this.#queue.take(link, links.length, size, RUMOUR_BYTES);
      if (rumours.length > 0) this.#send(link, { type: "rumours", rumours });
    }
    this.#queue.prune(links, size);
  }

  #startExchange(nowMs: number): void {
    this.#exchangeAtMs = nowMs + this.#timing.exchangeEveryMs;
    const link = pick([...this.#links.keys()], this.#random);
    if (link !== undefined) this.#send(link, { type: "exchange", hash: this.table.hash, rumours: undefined });
  }

  /** Who hears another hash than its own shows its table, and is shown the other when its own is another still. */
  #exchanged(link: ReplicaId, hash: number, wasTable: boolean): void {
    const own = this.table.hash;
    if (own === hash) return;
    if (!wasTable) this.#send(link, { type: "exchange", hash: own, rumours: this.table.all() });
    else this.#send(link, { type: "rumours", rumours: this.table.all() });
  }
}

function rumourBytes(rumour: Rumour): number {
  if (rumour.kind === "links") return 16 + rumour.opened.length * 8;
  const { addresses, region, meta } = rumour.member;
  return addresses.reduce((sum, address) => sum + address.length + 1, 32 + region.length + meta.length);
}

function pick<T>(items: readonly T[], random: () => number): T | undefined {
  return items[Math.floor(random() * items.length)];
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let place = order.length - 1; place > 0; place--) {
    const other = Math.floor(random() * (place + 1));
    [order[place], order[other]] = [order[other]!, order[place]!];
  }
  return order;
}
