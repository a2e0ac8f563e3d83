// A replica's place on the backbone: a lane for each open document, a shard for each stream they need, and the order of
// things when the connection comes and goes. The relay serves its clients whatever happens here; NATS is never the only
// place that holds anything. Reading a document in: the shard is followed first, then the newest snapshot and what the
// stream has behind it are merged, then other relays are asked what they have.
import { BACKBONE_CATCH_UPS_MAX } from "../limits.ts";
import { callListener } from "../replica/call-listener.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import type { ReplicaHost } from "../replica/ports.ts";
import { replicaIdFromRandomBytes } from "../wire/replica-id.ts";
import { VersionVector } from "../wire/version-vector.ts";
import { Exchange } from "./exchange.ts";
import { type BackboneContext, Lane, messageOf } from "./lane.ts";
import { NatsLink, type NatsLinkOwner } from "./nats-link.ts";
import {
  type Backbone,
  type BackboneEvent,
  type BackboneSettings,
  type BackboneStatus,
  emptyStatistics,
} from "./options.ts";
import { Shard } from "./shard.ts";
import { Snapshots } from "./snapshots.ts";
import { Subjects, shardOf } from "./subjects.ts";

/** Relays fill a hole of a stream at different times, so that one does it. */
const FILL_SPREAD_MS = 200;
const CLOSE_POLL_MS = 5;

export class RelayBackbone implements Backbone, NatsLinkOwner, BackboneContext {
  readonly host: ReplicaHost;
  readonly settings: BackboneSettings;
  readonly subjects: Subjects;
  readonly relay;
  readonly statistics = emptyStatistics();
  readonly #lanes = new Map<string, Lane>();
  readonly #shards = new Map<number, Shard>();
  readonly #snapshots: Snapshots;
  readonly #exchange: Exchange;
  readonly #listeners = new Set<(event: BackboneEvent) => void>();
  readonly #waiters = new Set<() => void>();
  /** Lanes to be read from the backbone, and those that are. */
  readonly #toRead = new Set<Lane>();
  readonly #reading = new Set<Lane>();
  readonly #stops: (() => void)[] = [];
  #link: NatsLink | undefined;
  #status: BackboneStatus = "degraded";
  #hasTold = false;
  #arrival = 0;
  #sinceCheckMs = 0;
  #connecting: Promise<void> | undefined;

  private constructor(host: ReplicaHost, settings: BackboneSettings) {
    this.host = host;
    this.settings = settings;
    this.subjects = new Subjects(settings.prefix);
    this.relay = replicaIdFromRandomBytes(host.platform.randomBytes(8));
    this.#snapshots = new Snapshots(this);
    this.#exchange = new Exchange(this, (document) => this.#lanes.get(document));
  }

  /** Errors: backbone-unavailable, invalid-argument. */
  static async open(host: ReplicaHost, settings: BackboneSettings): Promise<RelayBackbone> {
    const backbone = new RelayBackbone(host, settings);
    backbone.#link = await NatsLink.open(host.platform, settings, backbone);
    for (const core of host.documents()) backbone.#follow(core);
    backbone.#stops.push(
      host.onOpen((core) => backbone.#follow(core)),
      host.onClose((core) => backbone.#unfollow(core)),
    );
    backbone.#connecting = backbone.#link.begin();
    backbone.#schedule();
    return backbone;
  }

  get link(): NatsLink {
    return this.#link!;
  }

  get status(): BackboneStatus {
    return this.#status;
  }

  get server(): string | undefined {
    return this.#status === "online" ? this.link.server : undefined;
  }

  get unpublished(): number {
    return [...this.#lanes.values()].filter((lane) => !lane.isStored).length;
  }

  onEvent(listener: (event: BackboneEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async caughtUp(): Promise<void> {
    while (!this.#isCaughtUp()) await new Promise<void>((resolve) => this.#waiters.add(resolve));
  }

  async close(): Promise<void> {
    if (this.#status === "closed") return;
    for (const stop of this.#stops) stop();
    for (const lane of this.#lanes.values()) {
      lane.core.flushLocal();
      lane.outgoing.flush();
    }
    await this.#published();
    this.#status = "closed";
    for (const lane of this.#lanes.values()) lane.close();
    for (const shard of this.#shards.values()) shard.stop();
    await this.link.close();
    await this.#connecting;
    this.#wake();
  }

  streamMissing(): Promise<void> {
    return this.#snapshots.open();
  }

  snapshotsMissing(): void {
    for (const lane of this.#lanes.values()) this.#catchUp(lane);
  }

  tell(kind: BackboneEvent["kind"], message: string, document?: string): void {
    for (const listener of [...this.#listeners]) callListener(listener, { kind, message, document });
  }

  linkUp(): void {
    this.#arrival++;
    void this.#arrive(this.#arrival);
  }

  linkDown(reason: string): void {
    this.#arrival++;
    for (const shard of this.#shards.values()) shard.stop();
    for (const lane of this.#lanes.values()) lane.disconnected();
    const isNews = this.#status === "online" || !this.#hasTold;
    this.#hasTold = true;
    this.#status = "degraded";
    if (isNews)
      this.tell("degraded", `no NATS server is reached (${reason}); clients are served all the same`);
  }

  /** Streams and buckets first, then the documents; begins again where a server is not ready yet. */
  async #arrive(arrival: number): Promise<void> {
    const isCurrent = () => arrival === this.#arrival && this.link.isUp && this.#status !== "closed";
    try {
      await this.#snapshots.open();
      if (!isCurrent()) return;
      this.#exchange.attach(this.#lanes.values());
      await Promise.all([...this.#shards.values()].map((shard) => shard.restart()));
      if (!isCurrent()) return;
      this.#status = "online";
      this.#hasTold = true;
      this.tell("online", `connected to ${this.link.server}`);
      this.#wake();
    } catch (error) {
      if (!isCurrent()) return;
      this.tell("failed", `NATS is reached but not ready: ${messageOf(error)}; it will be tried again`);
      this.#after(this.settings.timing.reconnectMs, () => {
        if (isCurrent()) void this.#arrive(arrival);
      });
    }
  }

  #follow(core: DocumentCore): void {
    if (this.#status === "closed") return;
    const number = shardOf(core.name);
    let shard = this.#shards.get(number);
    if (shard === undefined) {
      shard = new Shard(number, this, (lane) => this.#catchUp(lane));
      this.#shards.set(number, shard);
    }
    const lane = new Lane(core, shard, this);
    this.#lanes.set(core.name, lane);
    shard.lanes.set(lane.subject, lane);
    if (this.#status !== "online") return;
    this.#exchange.follow(lane);
    if (shard.isReady) this.#catchUp(lane);
    else this.#attempt(shard.restart(), `stream ${shard.stream}`);
  }

  #unfollow(core: DocumentCore): void {
    const lane = this.#lanes.get(core.name);
    if (lane?.core !== core) return;
    this.#lanes.delete(core.name);
    this.#exchange.forget(lane);
    lane.close();
    const { shard } = lane;
    shard.lanes.delete(lane.subject);
    this.#toRead.delete(lane);
    if (shard.lanes.size > 0) return;
    shard.stop();
    this.#shards.delete(shard.number);
  }

  /** Reads the lane in, now or when fewer are at it; once more if it is being read. */
  #catchUp(lane: Lane): void {
    lane.isCaughtUp = false;
    this.#toRead.add(lane);
    this.#readNext();
  }

  #readNext(): void {
    for (const lane of this.#toRead) {
      if (this.#reading.size >= BACKBONE_CATCH_UPS_MAX) return;
      if (this.#reading.has(lane)) continue;
      this.#toRead.delete(lane);
      this.#reading.add(lane);
      void this.#readIn(lane).finally(() => {
        this.#reading.delete(lane);
        this.#readNext();
      });
    }
  }

  async #readIn(lane: Lane): Promise<void> {
    try {
      await this.#readSnapshotAndTail(lane);
    } catch (error) {
      if (!this.link.isUp || lane.isClosed || this.#status === "closed") return;
      this.tell("failed", `reading from the backbone: ${messageOf(error)}`, lane.core.name);
      return;
    }
    if (this.#toRead.has(lane) || !lane.shard.isReady || lane.isClosed) return;
    lane.isCaughtUp = true;
    this.#exchange.say(lane, true);
    this.#after(this.#chance(FILL_SPREAD_MS), () => this.#fill(lane, true));
    this.#wake();
  }

  async #readSnapshotAndTail(lane: Lane): Promise<void> {
    const { shard, core } = lane;
    const found = await this.#snapshots.find(lane);
    const pointer = found?.isThere === true ? found.pointer : undefined;
    lane.restart(pointer?.vector.clone() ?? new VersionVector());
    if (pointer !== undefined && !core.versionVector.covers(pointer.vector)) {
      await this.#snapshots.read(lane, pointer);
    }
    let sequence = pointer?.streamCreated === shard.created ? pointer.sequence + 1 : 1;
    const { direct } = this.link.manager;
    while (!lane.isClosed) {
      const query = { seq: sequence, next_by_subj: lane.subject };
      const message = await direct.getMessage(shard.stream, query);
      if (message === null) return;
      lane.receive(message.data);
      sequence = message.seq + 1;
    }
  }

  #fill(lane: Lane, isUrgent: boolean): void {
    if (lane.isClosed || this.#status !== "online") return;
    if (lane.fill(isUrgent)) void this.#snapshots.write(lane, true);
  }

  #schedule(): void {
    const { tickMs, checkMs } = this.settings.timing;
    this.#after(tickMs, () => {
      this.#sinceCheckMs += tickMs;
      const isCheckDue = this.#sinceCheckMs >= checkMs;
      if (isCheckDue) this.#sinceCheckMs = 0;
      if (this.#status === "online") this.#tick(isCheckDue);
      this.#schedule();
    });
  }

  #tick(isCheckDue: boolean): void {
    for (const lane of this.#lanes.values()) {
      this.#exchange.tick(lane);
      lane.giveUpHeld();
      this.#fill(lane, false);
      if (lane.isSettled && lane.deltasSinceSnapshot >= this.settings.snapshotEvery) {
        void this.#snapshots.write(lane, false);
      }
    }
    if (!isCheckDue) return;
    this.#attempt(this.#snapshots.check(), "snapshots");
    for (const shard of this.#shards.values()) {
      this.#attempt(shard.check(), `stream ${shard.stream}`);
      for (const lane of shard.lanes.values()) {
        if (shard.isReady && !lane.isCaughtUp && !this.#reading.has(lane)) this.#catchUp(lane);
      }
    }
  }

  #attempt(work: Promise<void>, what: string): void {
    work.catch((error) => {
      if (!this.link.isUp) return;
      this.tell("failed", `${what}: ${messageOf(error)}; it will be tried again`);
    });
  }

  #isCaughtUp(): boolean {
    if (this.#status === "closed") return true;
    return this.#status === "online" && [...this.#lanes.values()].every((lane) => lane.isCaughtUp);
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }

  /** Waits until what is on its way has arrived, for as long as a request may take. */
  async #published(): Promise<void> {
    const { platform } = this.host;
    const untilMs = platform.monotonicMs() + this.settings.timing.requestMs;
    const isBusy = () =>
      !this.#snapshots.isIdle || [...this.#lanes.values()].some((lane) => !lane.outgoing.isIdle);
    while (this.link.isUp && isBusy() && platform.monotonicMs() < untilMs) {
      await new Promise<void>((resolve) => platform.setTimer(resolve, CLOSE_POLL_MS));
    }
  }

  /** Calls back after a while unless closed. */
  #after(ms: number, callback: () => void): void {
    this.host.platform.setTimer(
      () => {
        if (this.#status !== "closed") callback();
      },
      ms,
      { background: true },
    );
  }

  #chance(ms: number): number {
    return (this.host.platform.randomBytes(1)[0]! / 256) * ms;
  }
}
