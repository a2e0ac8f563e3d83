// A replica's part in a fleet: it follows the document, cares for what it submitted or holds, gives tasks to agents, runs
// those given to its own, acknowledges those of others, and says that it is there. All of it is decided from the document;
// this file ties the decisions to its changes, to timers and to the end of turns.
import { CrdtError, isCrdtError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import type { RotationReason } from "../replica/ports.ts";
import { hostOf, type Replica } from "../replica/replica.ts";
import { type FleetDocument, FleetSchema } from "./fleet-document.ts";
import { FleetState } from "./fleet-state.ts";
import { HEARTBEAT_MS, LEASE_MS } from "./fleet-view.ts";
import { chooseFor } from "./hash.ts";
import { Ledger, type Write } from "./ledger.ts";
import type { Members } from "./members.ts";
import type { PlanSettings } from "./planning.ts";
import { Bidder } from "./quorum/bidder.ts";
import { Elector } from "./quorum/elector.ts";
import { SentBeats } from "./quorum/quorum-lease.ts";
import { Receipts } from "./receipts.ts";
import { readLapse } from "./records/member-records.ts";
import { findSeat, leftKey, newSeat } from "./seat.ts";
import { Steward } from "./steward.ts";
import type { Task, TaskBook } from "./tasks/task-book.ts";
import { Agent, type AgentOptions } from "./work/agent.ts";

export interface FleetOptions extends PlanSettings {
  /** The document that the fleet shares; "agents" unless given. */
  readonly document?: string;
  /** Who is not heard of for this long is taken for gone; 10,000 unless given, at least three heartbeats. */
  readonly leaseMs?: number;
  /** 3,000 unless given. */
  readonly heartbeatMs?: number;
  /** Whether every write is kept in the trail as well; true unless given. */
  readonly trail?: boolean;
}

/** Timers fire at least this far apart. */
const WAKE_MS_MIN = 5;

/** Documents whose fleet a replica takes part in: two at once would cover each other's writes with one receipt. */
const taken = new WeakMap<Replica, Set<string>>();

function take(replica: Replica, name: string): void {
  const names = taken.get(replica) ?? new Set();
  taken.set(replica, names);
  if (names.has(name)) {
    throw new CrdtError(
      "invalid-argument",
      `this replica takes part in the fleet of document "${name}" already: register its agents there, or leave() first`,
    );
  }
  names.add(name);
}

/** The moving parts, for the calls in agent-fleet.ts. */
export class FleetCore {
  readonly replica: Replica;
  readonly platform: Platform;
  readonly document: FleetDocument;
  readonly ledger: Ledger;
  readonly state: FleetState;
  readonly members: Members;
  readonly book: TaskBook;
  readonly steward: Steward;
  readonly agents = new Map<string, Agent>();
  readonly leaseMs: number;
  readonly #heartbeatMs: number;
  readonly #receipts: Receipts;
  readonly #elector: Elector;
  readonly #bidder: Bidder;
  readonly #sent = new SentBeats();
  readonly #touched = new Set<Task>();
  readonly #stops: (() => void)[] = [];
  seat: string;
  hasLeft = false;
  #beatNumber = 0;
  #beatDueMs = 0;
  #isPumping = false;
  #cancelTimer: (() => void) | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  static async open(replica: Replica, options: FleetOptions): Promise<FleetCore> {
    const name = options.document ?? "agents";
    take(replica, name);
    try {
      const document = await replica.open(name, FleetSchema);
      const { seat, writes } = findSeat(replica, document);
      const core = new FleetCore(replica, document, seat.id, options);
      core.ledger.write(writes);
      // Nobody may hear of the seat before this store would find it again.
      await document.durable();
      core.#start();
      return core;
    } catch (error) {
      taken.get(replica)?.delete(name);
      throw error;
    }
  }

  private constructor(replica: Replica, document: FleetDocument, seat: string, options: FleetOptions) {
    this.replica = replica;
    this.platform = hostOf(replica).platform;
    this.document = document;
    this.seat = seat;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    this.#heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
    this.ledger = new Ledger(document, options.trail ?? true);
    this.state = new FleetState({
      document,
      leaseMs: this.leaseMs,
      heartbeatMs: this.#heartbeatMs,
      monotonicMs: this.monotonicMs,
    });
    this.members = this.state.members;
    this.book = this.state.book;
    this.#receipts = new Receipts(
      {
        ledger: this.ledger,
        replicaId: this.replicaId,
        later: (callback) => this.platform.onTurnEnd(callback),
        refused: () => this.#wakeWithin(this.#heartbeatMs),
      },
      this.#firstBatch(),
    );
    const shared = {
      seat: () => this.seat,
      members: this.members,
      book: this.book,
      sent: this.#sent,
      replicaId: this.replicaId,
      now: () => this.platform.now(),
      monotonicMs: this.monotonicMs,
      takeBatch: () => this.#receipts.take(),
    };
    this.#bidder = new Bidder(shared);
    this.#elector = new Elector(shared);
    this.steward = new Steward({ ...shared, settings: options, leaseMs: this.leaseMs });
  }

  readonly replicaId = (): string => this.replica.id;
  readonly monotonicMs = (): number => this.platform.monotonicMs();

  addAgent(options: AgentOptions): Agent {
    const agent = new Agent(options, {
      seat: () => this.seat,
      replicaId: this.replicaId,
      now: () => this.platform.now(),
      monotonicMs: this.monotonicMs,
      setTimer: (callback, ms) => this.platform.setTimer(callback, ms),
      rightEndMs: (task) => this.#bidder.rightEndMs(task),
      wake: () => this.pumpLater(),
      write: (writes) => this.write(writes),
    });
    this.agents.set(options.id, agent);
    return agent;
  }

  /** What an agent has the right to run since before it was registered here: given to an earlier process. */
  showGiven(agent: Agent): void {
    for (const id of [...this.book.givenTo(agent.id)]) agent.look(this.book.tasks.get(id)!);
  }

  write(writes: readonly Write[]): void {
    if (!this.hasLeft) this.ledger.write(writes);
  }

  /** Acts on what has changed when the turn ends. */
  pumpLater(): void {
    if (this.#isPumping || this.hasLeft) return;
    this.#isPumping = true;
    this.platform.onTurnEnd(() => {
      this.#isPumping = false;
      this.#act(() => this.#pump());
    });
  }

  /** Says that this seat is there, now. */
  beat(): void {
    this.#beatNumber++;
    const nowMs = this.monotonicMs();
    this.#sent.sent(this.#beatNumber, nowMs);
    this.#beatDueMs = nowMs + this.#heartbeatMs;
    const heard = this.#elector.heard();
    const beat = {
      replica: this.replica.id,
      number: this.#beatNumber,
      atMs: this.platform.now(),
      load: this.#load(),
      ...(Object.keys(heard).length === 0 ? {} : { heard }),
    };
    this.write([["beats", this.seat, beat]]);
  }

  /** The seat goes; should the same replica come back, others must not take its heartbeats for old ones. */
  goodbye(): Write[] {
    const last = { replica: this.replica.id, number: this.#beatNumber };
    return [
      ["seats", leftKey(this.seat), last],
      ["beats", this.seat, null],
    ];
  }

  /** Gives the care for all that this seat cares for to these seats. */
  handOver(seats: readonly string[]): void {
    const writes: Write[] = [];
    for (const id of this.book.heldBy(this.seat)) {
      const task = this.book.tasks.get(id)!;
      const seat = chooseFor(id, seats);
      const replica = seat === undefined ? undefined : this.members.replicaOf(seat);
      if (seat === undefined || replica === undefined || task.records.spec!.mode === "quorum") continue;
      if (this.steward.caresFor(task)) writes.push(this.steward.grant(task, { seat, replica }));
    }
    this.write(writes);
  }

  /** Resolves when receipts for all that needed one are written. */
  lastReceipt(): Promise<void> {
    return this.#receipts.settled();
  }

  /** Stops all timers and listening; the document stays open. */
  stop(): void {
    this.hasLeft = true;
    taken.get(this.replica)?.delete(this.document.name);
    this.#receipts.isStopped = true;
    for (const agent of this.agents.values()) agent.loseAll("this process takes no part any more");
    this.#cancelTimer?.();
    for (const stop of this.#stops) stop();
  }

  #start(): void {
    this.#stops.push(this.book.onChange((task) => this.#touched.add(task)));
    this.#stops.push(this.state.follow(() => this.pumpLater()));
    const last = this.members.beats.get(this.seat) ?? readLapse(this.document.seats.get(leftKey(this.seat)));
    if (last?.replica === this.replica.id) this.#beatNumber = last.number;
    const stopClosed = hostOf(this.replica).onClose(({ name }) => {
      // Closed without leaving: to the others it is as if the process had ended.
      if (name === this.document.name && !this.hasLeft) this.stop();
    });
    this.#stops.push(stopClosed);
    let isPast = true;
    this.#stops.push(
      this.replica.subscribe((event) => {
        if (event.kind === "replica-id" && !isPast) this.#rotated(event.reason);
      }),
    );
    isPast = false;
    this.beat();
    this.pumpLater();
    this.#wakeWithin(this.#heartbeatMs);
  }

  /** The process writes under another id: what it ran under the old one is over. */
  #rotated(reason: RotationReason): void {
    // Peers knew more of what this store wrote than it does: it may have forgotten rights it gave.
    const found = reason === "id-taken" ? newSeat(this.replica) : findSeat(this.replica, this.document);
    this.seat = found.seat.id;
    this.write(found.writes);
    for (const agent of this.agents.values()) {
      agent.loseAll("the replica has another id now");
      this.write([["agents", agent.id, agent.record()]]);
    }
    this.#beatNumber = 0;
    this.beat();
  }

  #firstBatch(): number {
    const receipt = this.document.receipts.get(this.replica.id);
    const batch = typeof receipt === "object" && receipt !== null ? Reflect.get(receipt, "batch") : 0;
    return (typeof batch === "number" ? batch : 0) + 1;
  }

  /** A replica that was closed while it took part is silent from then on. */
  #act(act: () => void): void {
    if (this.hasLeft) return;
    try {
      act();
    } catch (error) {
      if (!isCrdtError(error, "document-closed")) throw error;
      this.stop();
    }
  }

  #pump(): void {
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const agent of this.agents.values()) for (const task of touched) agent.look(task);
    const writes: Write[] = [];
    for (const agent of this.agents.values()) writes.push(...agent.report());
    for (const task of touched) {
      const vote = this.#elector.consider(task);
      if (vote !== undefined) writes.push(vote);
    }
    writes.push(...this.#bidder.yields((task) => this.#isRunning(task)));
    const acts = this.steward
      .act()
      .filter(([aspect, key]) => aspect !== "bids" || !this.#isRunning(key.split(" ")[0]!));
    writes.push(...this.#bidder.made(acts), ...acts);
    this.#commit(writes);
    for (const agent of this.agents.values()) agent.begin();
    this.#wakeWithin(this.#nextDueMs() - this.monotonicMs());
  }

  /** One result that cannot be stored must not keep the others from being so. */
  #commit(writes: readonly Write[]): void {
    try {
      this.write(writes);
    } catch (error) {
      if (!isCrdtError(error)) throw error;
      for (const write of writes) this.#commitOne(write);
    }
  }

  #commitOne(write: Write): void {
    try {
      this.write([write]);
    } catch (error) {
      const [aspect, key, value] = write;
      if (!isCrdtError(error) || aspect !== "outcomes") throw error;
      const { agent, atMs, tookMs } = value as { agent: string; atMs: number; tookMs: number };
      this.write([["outcomes", key, { kind: "failed", agent, atMs, tookMs, error: error.message }]]);
    }
  }

  #isRunning(task: string): boolean {
    for (const agent of this.agents.values()) if (agent.isRunning(task)) return true;
    return false;
  }

  /** A timer has come: heartbeats, silences, ends of leases and of rests. */
  #wake(): void {
    const nowMs = this.monotonicMs();
    if (nowMs >= this.#beatDueMs || this.#isRestOver()) this.beat();
    const lapses: Write[] = [];
    for (const [seat, lapse] of this.members.silent(nowMs)) {
      if (seat !== this.seat) lapses.push(["lapses", seat, lapse]);
    }
    for (const task of this.#expired()) lapses.push(task);
    this.write(lapses);
    for (const agent of this.agents.values()) agent.endLapsed();
    for (const task of this.#elector.waiting()) this.#touched.add(task);
    this.#pump();
  }

  /** Whether a task that this seat cares for has rested, by its own clock: a heartbeat tells the others the time. */
  #isRestOver(): boolean {
    const nowMs = this.platform.now();
    if (this.members.latestMs >= nowMs) return false;
    return this.book.ready.rests.nextMs <= nowMs;
  }

  #expired(): Write[] {
    const nowMs = this.platform.now();
    const writes: Write[] = [];
    for (const id of this.book.expiries.due(nowMs)) {
      const task = this.book.tasks.get(id)!;
      if (!this.steward.caresFor(task)) continue;
      writes.push([
        "orders",
        `${id} expire`,
        { kind: "expire", atMs: nowMs, reason: "it had not begun in time" },
      ]);
    }
    return writes;
  }

  #nextDueMs(): number {
    const wallMs = this.platform.now();
    const nowMs = this.monotonicMs();
    let dueMs = Math.min(
      this.#beatDueMs,
      this.members.nextSilenceMs(this.seat),
      this.#bidder.nextDueMs(),
      this.#elector.nextDueMs(),
    );
    for (const agent of this.agents.values()) dueMs = Math.min(dueMs, agent.nextEndMs());
    const wallDueMs = Math.min(this.book.ready.rests.nextMs, this.book.expiries.nextMs);
    return Math.min(dueMs, nowMs + wallDueMs - wallMs);
  }

  #wakeWithin(ms: number): void {
    const dueMs = this.monotonicMs() + Math.max(WAKE_MS_MIN, Math.min(ms, this.#heartbeatMs));
    if (this.hasLeft || dueMs >= this.#timerDueMs) return;
    this.#cancelTimer?.();
    this.#timerDueMs = dueMs;
    this.#cancelTimer = this.platform.setTimer(
      () => {
        this.#timerDueMs = Number.POSITIVE_INFINITY;
        this.#act(() => this.#wake());
      },
      Math.max(1, dueMs - this.monotonicMs()),
      { background: true },
    );
  }

  #load(): number {
    let running = 0;
    let slots = 0;
    for (const agent of this.agents.values()) {
      running += agent.running;
      slots += agent.slots;
    }
    return slots === 0 ? 0 : Math.min(1, running / slots);
  }
}
