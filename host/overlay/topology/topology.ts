// Which connections each member should keep: pure functions of who is there, so that members who believe the same
// want the same, and both ends of a connection want it. Members nobody can connect to (a page, a laptop) hang on two
// that listen. The partial mesh of HyParView is no function of the view but a machine of its own (hyparview.ts).
import type { ReplicaId } from "../../wire/replica-id.ts";
import { ordered, preferred } from "./placement.ts";

export interface TopologyMember {
  readonly id: ReplicaId;
  readonly region: string;
  /** Whether others can connect to it. */
  readonly canListen: boolean;
}

export type Topology =
  /** One hub, chosen by the seed; all others hang on it. */
  | { readonly kind: "star" }
  /** A ring, with `chords` (2) more neighbours on each side at growing distances. */
  | { readonly kind: "ring"; readonly chords?: number }
  | { readonly kind: "full-mesh" }
  /** As many random rings (2) over the same members: each has twice as many neighbours. */
  | { readonly kind: "mesh"; readonly rings?: number }
  /** Neighbours by HyParView, at most `links` (5). */
  | { readonly kind: "partial-mesh"; readonly links?: number }
  /** √n members are a mesh; each other one hangs on two of them. */
  | { readonly kind: "hybrid" }
  /** Regions with `hubs` (2) each: members hang on their region's hubs, hubs are a mesh over all regions. */
  | { readonly kind: "hierarchy"; readonly hubs?: number };

export interface TopologyView {
  /** All present members, in any order. */
  readonly members: readonly TopologyMember[];
  readonly seed: number;
}

/** Hubs that a member without an address, or outside the backbone of a hybrid, hangs on: one may fail. */
const ATTACHMENTS = 2;

/** The members `self` should keep a connection to. */
export function neighbours(topology: Topology, view: TopologyView, self: ReplicaId): Set<ReplicaId> {
  const listening = view.members.filter(({ canListen }) => canListen);
  const ids = listening.map(({ id }) => id).sort();
  const links = new Set<ReplicaId>();
  if (!ids.includes(self)) {
    for (const id of preferred(ids, ATTACHMENTS, view.seed, self)) links.add(id);
    return links;
  }
  for (const id of among(topology, listening, ids, view.seed, self)) links.add(id);
  for (const { id, canListen } of view.members) {
    if (!canListen && preferred(ids, ATTACHMENTS, view.seed, id).includes(self)) links.add(id);
  }
  links.delete(self);
  return links;
}

/** The neighbours among the members that listen. */
function among(
  topology: Topology,
  members: readonly TopologyMember[],
  ids: readonly ReplicaId[],
  seed: number,
  self: ReplicaId,
): Iterable<ReplicaId> {
  switch (topology.kind) {
    case "star":
      return star(ids, seed, self);
    case "ring":
      return ring(ordered(ids, seed), topology.chords ?? 2, self);
    case "full-mesh":
      return ids;
    case "mesh":
    case "partial-mesh":
      return mesh(ids, topology.kind === "mesh" ? (topology.rings ?? 2) : 2, seed, self);
    case "hybrid":
      return hybrid(ids, seed, self);
    case "hierarchy":
      return hierarchy(members, topology.hubs ?? 2, seed, self);
  }
}

function star(ids: readonly ReplicaId[], seed: number, self: ReplicaId): readonly ReplicaId[] {
  const [hub] = ordered(ids, seed);
  if (hub === undefined) return [];
  return hub === self ? ids : [hub];
}

/** Chords span n^(1/(c+1)), n^(2/(c+1)), …: a way of n steps takes about (c+1) · n^(1/(c+1)) / 2. */
function ring(order: readonly ReplicaId[], chords: number, self: ReplicaId): Set<ReplicaId> {
  const count = order.length;
  const place = order.indexOf(self);
  const found = new Set<ReplicaId>();
  for (let chord = 0; chord <= chords; chord++) {
    const span = Math.max(1, Math.round(count ** (chord / (chords + 1))));
    found.add(order[(place + span) % count]!);
    found.add(order[(place - (span % count) + count) % count]!);
  }
  return found;
}

function mesh(ids: readonly ReplicaId[], rings: number, seed: number, self: ReplicaId): Set<ReplicaId> {
  const found = new Set<ReplicaId>();
  for (let number = 0; number < rings; number++) {
    for (const id of ring(ordered(ids, seed + number), 0, self)) found.add(id);
  }
  return found;
}

function hybrid(ids: readonly ReplicaId[], seed: number, self: ReplicaId): Set<ReplicaId> {
  const backbone = ordered(ids, seed).slice(0, Math.ceil(Math.sqrt(ids.length)));
  if (!backbone.includes(self)) return new Set(preferred(backbone, ATTACHMENTS, seed, self));
  const found = mesh(backbone.toSorted(), 2, seed, self);
  const inner = new Set(backbone);
  for (const id of ids) {
    if (!inner.has(id) && preferred(backbone, ATTACHMENTS, seed, id).includes(self)) found.add(id);
  }
  return found;
}

function hierarchy(
  members: readonly TopologyMember[],
  hubs: number,
  seed: number,
  self: ReplicaId,
): Set<ReplicaId> {
  const regions = new Map<string, ReplicaId[]>();
  for (const { id, region } of members) {
    const known = regions.get(region);
    if (known === undefined) regions.set(region, [id]);
    else known.push(id);
  }
  const hubsOf = new Map([...regions].map(([region, ids]) => [region, ordered(ids, seed).slice(0, hubs)]));
  const own = members.find(({ id }) => id === self)!.region;
  const ownHubs = hubsOf.get(own)!;
  const place = ownHubs.indexOf(self);
  const found = new Set(ownHubs);
  if (place < 0) return found;
  for (const id of regions.get(own)!) found.add(id);
  // First hubs meet first hubs, second hubs second ones: one of each may fail. A region with fewer sends its last.
  for (const others of hubsOf.values()) {
    for (let rank = 0; rank < hubs; rank++) {
      if (ownHubs[Math.min(rank, ownHubs.length - 1)] !== self) continue;
      found.add(others[Math.min(rank, others.length - 1)]!);
    }
  }
  return found;
}
