// What a node believes of the members, rumour by rumour: suspicions and how long they last, its own denials, and what
// of it must be told on. Part of swim.ts; reads no clock. Cost of a rumour: constant.
import { MEMBERS_MAX } from "../../limits.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import {
  confirmationsWanted,
  type LocalHealth,
  Suspicion,
  type SuspicionTiming,
  suspicionMs,
} from "./local-health.ts";
import {
  isPresent,
  type LinksRumour,
  type Member,
  type MemberDescription,
  type MemberRumour,
  type MemberState,
  type Rumour,
  supersedes,
} from "./member.ts";
import { Routes } from "./routes.ts";
import type { RumourQueue } from "./rumour-queue.ts";

/** What changed about a member. */
export interface MemberEvent {
  readonly kind: "joined" | "changed" | "suspect" | "dead" | "left" | "back";
  readonly member: Member;
}

/** Members that are gone are remembered so long, to be called again should they have been cut off. */
const GONE_KEPT_MS = 3_600_000;

export class MemberTable {
  self: Member;
  /** Rises with whatever is believed of the members, this one included. */
  version = 0;
  readonly routes = new Routes();
  readonly events: MemberEvent[] = [];
  readonly #members = new Map<ReplicaId, Member>();
  readonly #suspicions = new Map<ReplicaId, Suspicion>();
  readonly #goneSinceMs = new Map<ReplicaId, number>();
  readonly #linkVersions = new Map<ReplicaId, LinksRumour>();
  readonly #linksToldAtMs = new Map<ReplicaId, number>();
  readonly #queue: RumourQueue;
  readonly #health: LocalHealth;
  readonly #timing: SuspicionTiming;
  #links: LinksRumour;
  #present = 0;

  constructor(
    id: ReplicaId,
    description: MemberDescription,
    queue: RumourQueue,
    health: LocalHealth,
    timing: SuspicionTiming,
  ) {
    this.self = { ...description, id, incarnation: 1, state: "alive" };
    this.#queue = queue;
    this.#health = health;
    this.#timing = timing;
    this.#links = { kind: "links", id, version: 1, opened: [] };
    this.#announceSelf();
  }

  /** Present members, this one included. */
  get size(): number {
    return this.#present + 1;
  }

  /** Everybody known but this one, the gone ones too. */
  get others(): IterableIterator<Member> {
    return this.#members.values();
  }

  get suspects(): ReplicaId[] {
    return [...this.#suspicions.keys()];
  }

  get(id: ReplicaId): Member | undefined {
    return id === this.self.id ? this.self : this.#members.get(id);
  }

  /** Since when a member is suspected, dead or left; undefined for one that is alive. */
  goneSinceMs(id: ReplicaId): number | undefined {
    return this.#suspicions.get(id)?.sinceMs ?? this.#goneSinceMs.get(id);
  }

  /** Who else found the suspect silent. */
  confirmations(id: ReplicaId): number {
    return this.#suspicions.get(id)?.confirmations ?? 0;
  }

  /** Takes a rumour in; what is new goes on to others. */
  apply(rumour: Rumour, heardFrom: ReplicaId | undefined, nowMs: number): void {
    if (rumour.kind === "links") this.#applyLinks(rumour, heardFrom, nowMs);
    else if (rumour.member.id === this.self.id) this.#applyOwn(rumour.member);
    else this.#applyMember(rumour, heardFrom, nowMs);
  }

  /** This node got no answer from a member. */
  suspect(id: ReplicaId, nowMs: number): void {
    const member = this.#members.get(id);
    if (member === undefined || !isPresent(member)) return;
    this.apply(
      { kind: "member", member: { ...member, state: "suspect" }, from: this.self.id },
      undefined,
      nowMs,
    );
  }

  /** Calls those dead whose suspicion has lasted long enough, and forgets those long gone. */
  expire(nowMs: number): void {
    for (const [id, suspicion] of this.#suspicions) {
      if (nowMs < suspicion.sinceMs + this.#lasts(suspicion)) continue;
      const member = { ...this.#members.get(id)!, state: "dead" as const };
      this.apply({ kind: "member", member, from: this.self.id }, undefined, nowMs);
    }
    for (const [id, sinceMs] of this.#goneSinceMs) if (nowMs - sinceMs > GONE_KEPT_MS) this.#forget(id);
  }

  /** When `expire` has something to do next, gone members aside. */
  get expiresAtMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const suspicion of this.#suspicions.values()) {
      atMs = Math.min(atMs, suspicion.sinceMs + this.#lasts(suspicion));
    }
    return atMs;
  }

  /** Says something new of this node. */
  describe(description: Partial<MemberDescription>, state: MemberState = this.self.state): void {
    this.self = { ...this.self, ...description, state, incarnation: this.self.incarnation + 1 };
    this.#announceSelf();
  }

  /** Says which connections this node keeps that it opened. */
  setOpened(opened: readonly ReplicaId[]): void {
    this.#links = { ...this.#links, version: this.#links.version + 1, opened };
    this.#queue.add(this.#links);
  }

  /** Everything there is to tell a newcomer. */
  all(): Rumour[] {
    const from = this.self.id;
    const rumours: Rumour[] = [{ kind: "member", member: this.self, from }, this.#links];
    for (const member of this.#members.values()) rumours.push({ kind: "member", member, from });
    rumours.push(...this.#linkVersions.values());
    return rumours;
  }

  /** Connections everybody last said to keep, those who are gone included; both ways. */
  lastLinks(): Map<ReplicaId, Set<ReplicaId>> {
    const links = new Routes();
    for (const { id, opened } of this.#linkVersions.values()) links.set(id, opened);
    links.set(this.self.id, this.#links.opened);
    return links.graph();
  }

  /** Whether a present member has said since `sinceMs` to keep a connection to `id`. */
  isHeardSince(id: ReplicaId, sinceMs: number): boolean {
    for (const rumour of this.#linkVersions.values()) {
      const member = this.#members.get(rumour.id);
      if (member === undefined || !isPresent(member) || !rumour.opened.includes(id)) continue;
      if (this.#linksToldAtMs.get(rumour.id)! > sinceMs) return true;
    }
    return false;
  }

  /** Equal where two nodes believe the same of who is present. */
  get hash(): number {
    let hash = rowHash(this.self.id, this.self.incarnation, this.#links.version);
    for (const member of this.#members.values()) {
      if (!isPresent(member)) continue;
      const version = this.#linkVersions.get(member.id)?.version ?? 0;
      hash ^= rowHash(member.id, member.incarnation, version);
    }
    return hash >>> 0;
  }

  #lasts(suspicion: Suspicion): number {
    return suspicionMs(suspicion.confirmations, this.size, this.#timing);
  }

  #applyLinks(rumour: LinksRumour, heardFrom: ReplicaId | undefined, nowMs: number): void {
    if (rumour.id === this.self.id) {
      if (rumour.version < this.#links.version || rumour === this.#links) return;
      const isOwn = rumour.version === this.#links.version && sameIds(rumour.opened, this.#links.opened);
      if (isOwn) return;
      this.#links = { ...this.#links, version: rumour.version + 1 };
      this.#queue.add(this.#links);
      return;
    }
    const member = this.#members.get(rumour.id);
    if (member === undefined || rumour.version <= (this.#linkVersions.get(rumour.id)?.version ?? 0)) return;
    this.#linkVersions.set(rumour.id, rumour);
    this.#linksToldAtMs.set(rumour.id, nowMs);
    this.#queue.add(rumour, heardFrom);
    if (isPresent(member)) this.routes.set(rumour.id, rumour.opened);
  }

  /** What others say of this node: it denies what is wrong, and says what it is with a higher incarnation. */
  #applyOwn(told: Member): void {
    const { self } = this;
    if (self.state === "left" || told.incarnation < self.incarnation) return;
    const isDoubted = told.state !== "alive";
    if (told.incarnation === self.incarnation && !isDoubted && sameDescription(told, self)) return;
    if (isDoubted) this.#health.change(1);
    this.self = { ...self, incarnation: told.incarnation + 1 };
    this.#announceSelf();
  }

  #applyMember(rumour: MemberRumour, heardFrom: ReplicaId | undefined, nowMs: number): void {
    const { member, from } = rumour;
    const known = this.#members.get(member.id);
    if (!supersedes(member, known)) {
      this.#confirm(rumour, known, heardFrom);
      return;
    }
    // Of somebody unknown it says nothing that he is gone, and would keep what all others have forgotten.
    if (known === undefined && (!isPresent(member) || !this.#hasRoom())) return;
    this.#members.set(member.id, member);
    this.#suspicions.delete(member.id);
    this.#queue.add(rumour, heardFrom);
    const wasPresent = known !== undefined && isPresent(known);
    if (member.state === "suspect") this.#suspicions.set(member.id, new Suspicion(from, nowMs));
    if (isPresent(member)) this.#goneSinceMs.delete(member.id);
    else if (wasPresent) this.#goneSinceMs.set(member.id, nowMs);
    this.#present += Number(isPresent(member)) - Number(wasPresent);
    if (isPresent(member) !== wasPresent) this.#reroute(member);
    this.version++;
    this.events.push({ kind: eventKind(member, known), member });
  }

  #confirm(
    { member, from }: MemberRumour,
    known: Member | undefined,
    heardFrom: ReplicaId | undefined,
  ): void {
    if (
      member.state !== "suspect" ||
      known?.state !== "suspect" ||
      known.incarnation !== member.incarnation
    ) {
      return;
    }
    const wanted = confirmationsWanted(this.#timing.suspicionFactor, this.size);
    if (!this.#suspicions.get(member.id)?.confirm(from, wanted)) return;
    this.#queue.add({ kind: "member", member: known, from }, heardFrom);
  }

  #reroute(member: Member): void {
    const links = this.#linkVersions.get(member.id);
    if (isPresent(member) && links !== undefined) this.routes.set(member.id, links.opened);
    else this.routes.forget(member.id);
  }

  #announceSelf(): void {
    this.version++;
    this.#queue.add({ kind: "member", member: this.self, from: this.self.id });
  }

  /** Makes room for a newcomer where the one gone longest can go. */
  #hasRoom(): boolean {
    if (this.#members.size < MEMBERS_MAX - 1) return true;
    const [longest] = [...this.#goneSinceMs].sort((left, right) => left[1] - right[1]);
    if (longest === undefined) return false;
    this.#forget(longest[0]);
    return true;
  }

  #forget(id: ReplicaId): void {
    this.#members.delete(id);
    this.#goneSinceMs.delete(id);
    this.#linkVersions.delete(id);
    this.#linksToldAtMs.delete(id);
    this.routes.forget(id);
  }
}

function eventKind(member: Member, known: Member | undefined): MemberEvent["kind"] {
  if (member.state !== "alive") return member.state;
  if (known === undefined) return "joined";
  return known.state === "alive" ? "changed" : "back";
}

function sameDescription(left: MemberDescription, right: MemberDescription): boolean {
  return (
    left.region === right.region &&
    left.features === right.features &&
    sameIds(left.addresses, right.addresses) &&
    left.meta.length === right.meta.length &&
    left.meta.every((byte, place) => byte === right.meta[place])
  );
}

const sameIds = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((text, place) => text === right[place]);

/** FNV-1a over the id and two numbers. */
function rowHash(id: ReplicaId, incarnation: number, version: number): number {
  let hash = 0x811c9dc5;
  for (const text of [id, String(incarnation), String(version)]) {
    for (let place = 0; place < text.length; place++) {
      hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
    }
    hash = Math.imul(hash ^ 0x7c, 0x01000193);
  }
  return hash >>> 0;
}
