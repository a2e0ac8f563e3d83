// The members one node wants to be connected to now: by the topology, or for a partial mesh by HyParView, where the
// optimiser tries somebody else from time to time and keeps the better one. State of one node; reads no clock.
import type { ReplicaId } from "../../wire/replica-id.ts";
import type { LinkedTo } from "../linking/link-plan.ts";
import { isPresent } from "../membership/member.ts";
import type { MemberTable } from "../membership/member-table.ts";
import { type LinkMeasurement, OPTIMISER_OPTIONS, relink } from "../optimiser.ts";
import { HYPARVIEW_OPTIONS, HyParView } from "./hyparview.ts";
import { neighbours, type Topology } from "./topology.ts";

/** A trial lasts as long as a few round trips are measured. */
const TRIAL_MS = 6_000;

interface Trial {
  readonly id: ReplicaId;
  readonly sinceMs: number;
}

export class Neighbourhood {
  readonly #seed: number;
  readonly #random: () => number;
  #topology: Topology;
  #view: HyParView;
  #trial: Trial | undefined;
  #known:
    | { readonly table: MemberTable; readonly version: number; readonly wanted: Set<ReplicaId> }
    | undefined;
  #relinkedAtMs: number | undefined;

  constructor(topology: Topology, seed: number, random: () => number) {
    this.#seed = seed;
    this.#random = random;
    this.#topology = topology;
    this.#view = this.#newView();
  }

  get topology(): Topology {
    return this.#topology;
  }

  set topology(topology: Topology) {
    this.#topology = topology;
    this.#view = this.#newView();
    this.#trial = undefined;
    this.#known = undefined;
  }

  /** `roundTrips`: those measured so far. */
  wanted(
    table: MemberTable,
    linked: ReadonlyMap<ReplicaId, LinkedTo>,
    roundTrips: ReadonlyMap<ReplicaId, number>,
    nowMs: number,
  ): Set<ReplicaId> {
    if (
      this.#topology.kind !== "partial-mesh" &&
      this.#known?.table === table &&
      this.#known.version === table.version
    ) {
      return this.#known.wanted;
    }
    const present = [...table.others].filter(isPresent);
    const { self } = table;
    if (this.#topology.kind !== "partial-mesh") {
      const members = [self, ...present].map(({ id, region, addresses }) => ({
        id,
        region,
        canListen: addresses.length > 0,
      }));
      const wanted = neighbours(this.#topology, { members, seed: this.#seed }, self.id);
      this.#known = { table, version: table.version, wanted };
      return wanted;
    }
    const graph = table.lastLinks();
    const degreeOf = (id: ReplicaId) => graph.get(id)?.size ?? 0;
    const candidates = present.filter(({ id, addresses }) => addresses.length > 0 || linked.has(id));
    const ids = candidates.map(({ id }) => id);
    const own = new Set([...linked].filter(([, { opened }]) => opened > 0).map(([id]) => id));
    const wanted = this.#view.wanted(ids, new Set(linked.keys()), degreeOf, nowMs, own);
    this.#optimise(wanted, linked, roundTrips, degreeOf, nowMs);
    return wanted;
  }

  /** A connection has ended: if the other end gave it up, it shall not be opened again at once. */
  ended(id: ReplicaId): void {
    this.#view.failed(id);
  }

  #newView(): HyParView {
    const { topology } = this;
    const active = topology.kind === "partial-mesh" ? (topology.links ?? HYPARVIEW_OPTIONS.active) : 0;
    const activeMax = Math.ceil(active * 1.6);
    return new HyParView(this.#random, { ...HYPARVIEW_OPTIONS, active, activeMax });
  }

  /** Tries one of the passive view beside the others for a while, then drops it or what it is better than. */
  #optimise(
    wanted: Set<ReplicaId>,
    linked: ReadonlyMap<ReplicaId, LinkedTo>,
    roundTrips: ReadonlyMap<ReplicaId, number>,
    degreeOf: (id: ReplicaId) => number,
    nowMs: number,
  ): void {
    this.#relinkedAtMs ??= nowMs;
    const trial = this.#trial;
    if (trial === undefined) {
      const passive = [...this.#view.passive].filter((id) => !linked.has(id));
      if (nowMs - this.#relinkedAtMs < OPTIMISER_OPTIONS.restMs || passive.length === 0) return;
      this.#trial = { id: passive[Math.floor(this.#random() * passive.length)]!, sinceMs: nowMs };
      wanted.add(this.#trial.id);
      return;
    }
    wanted.add(trial.id);
    if (nowMs - trial.sinceMs < TRIAL_MS) return;
    const measured: LinkMeasurement[] = [...linked]
      .filter(([id, { opened }]) => opened > 0 && roundTrips.has(id))
      .map(([id, { sinceMs }]) => ({
        id,
        roundTripMs: roundTrips.get(id),
        degree: degreeOf(id),
        linkedSinceMs: id === trial.id ? undefined : sinceMs,
      }));
    const exchange = relink(measured, this.#relinkedAtMs, nowMs);
    const loser = exchange?.take === trial.id ? exchange.drop : trial.id;
    this.#trial = undefined;
    this.#relinkedAtMs = nowMs;
    this.#view.failed(loser);
    wanted.delete(loser);
  }
}
