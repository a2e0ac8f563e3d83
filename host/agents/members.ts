// Who takes part, as the document says it: agents, seats, who is taken for gone, and what is stored where it was written.
// Also what this process alone knows: when it heard of each seat last, by its own clock.
import { PhiAccrual } from "../failure-detection/phi-accrual.ts";
import { chooseFor } from "./hash.ts";
import {
  type AgentRecord,
  type BeatRecord,
  type LapseRecord,
  readAgent,
  readBeat,
  readLapse,
} from "./records/member-records.ts";
import { isCount, isFields, isName } from "./records/shapes.ts";
import { readProcess, type SeatProcess } from "./seat.ts";
import type { MemberWitness } from "./tasks/standing.ts";

/** What this process has heard of a replica itself. */
interface Hearing {
  replica: string;
  number: number;
  heardAtMs: number;
  phi: PhiAccrual;
}

export class Members implements MemberWitness {
  readonly agents = new Map<string, AgentRecord>();
  readonly beats = new Map<string, BeatRecord>();
  readonly #lapses = new Map<string, LapseRecord>();
  readonly #receipts = new Map<string, number>();
  readonly #processes = new Map<string, SeatProcess>();
  /** The last process of each seat. */
  readonly #lastProcesses = new Map<string, SeatProcess>();
  readonly #hearings = new Map<string, Hearing>();
  readonly #leaseMs: number;
  readonly #heartbeatMs: number;
  /** Records that do not fit. */
  malformed = 0;
  #latestMs = 0;

  constructor(leaseMs: number, heartbeatMs: number) {
    this.#leaseMs = leaseMs;
    this.#heartbeatMs = heartbeatMs;
  }

  /** The greatest time any heartbeat named: what plans take for now. */
  get latestMs(): number {
    return this.#latestMs;
  }

  setAgent(id: string, value: unknown): void {
    const record = this.#checked(value, readAgent);
    if (record === undefined || !isName(id)) this.agents.delete(id);
    else this.agents.set(id, record);
  }

  /** Says whether it changes who is there. */
  setBeat(seat: string, value: unknown, nowMs: number): boolean {
    const before = this.replicaOf(seat);
    const wasLapsed = this.isLapsed(seat);
    const record = this.#checked(value, readBeat);
    if (record === undefined || !isName(seat)) {
      this.beats.delete(seat);
      this.#hearings.delete(seat);
      return before !== undefined;
    }
    this.beats.set(seat, record);
    this.#latestMs = Math.max(this.#latestMs, record.atMs);
    this.#hear(seat, record, nowMs);
    return before !== this.replicaOf(seat) || wasLapsed !== this.isLapsed(seat);
  }

  /** The seat that another process has now, if this changes it. */
  setSeat(key: string, value: unknown): string | undefined {
    const process = readProcess(key, value);
    if (process === undefined) return undefined;
    const { seat, replica } = process;
    const before = this.replicaOf(seat);
    this.#processes.set(replica, process);
    const last = this.#lastProcesses.get(seat);
    if (last === undefined || process.process >= last.process) this.#lastProcesses.set(seat, process);
    return before === this.replicaOf(seat) ? undefined : seat;
  }

  /** Which process of its seat a replica is; 0 where that is not known. */
  processOf(replica: string): number {
    return this.#processes.get(replica)?.process ?? 0;
  }

  /** Says whether it changes who is there. */
  setLapse(seat: string, value: unknown): boolean {
    const wasLapsed = this.isLapsed(seat);
    const record = this.#checked(value, readLapse);
    if (record === undefined) this.#lapses.delete(seat);
    else this.#lapses.set(seat, record);
    return wasLapsed !== this.isLapsed(seat);
  }

  /** Says whether more is stored than before. */
  setReceipt(replica: string, value: unknown): boolean {
    const batch = isFields(value) && isCount(value.batch) ? value.batch : undefined;
    if (batch === undefined) this.malformed++;
    if (batch === undefined || batch <= (this.#receipts.get(replica) ?? 0)) return false;
    this.#receipts.set(replica, batch);
    return true;
  }

  isStored(replica: string, batch: number): boolean {
    return batch <= (this.#receipts.get(replica) ?? 0);
  }

  replicaOf(seat: string): string | undefined {
    const beat = this.beats.get(seat);
    if (beat === undefined) return undefined;
    // The last heartbeat of a process that is gone may come late, with a greater time than the first of the next one.
    const last = this.#lastProcesses.get(seat);
    return last !== undefined && last.process > this.processOf(beat.replica) ? last.replica : beat.replica;
  }

  isLapsed(seat: string): boolean {
    const beat = this.beats.get(seat);
    const lapse = this.#lapses.get(seat);
    if (beat === undefined) return true;
    return lapse !== undefined && lapse.replica === beat.replica && lapse.number >= beat.number;
  }

  /** The seats that are there, as the state says. */
  *present(): Generator<string> {
    for (const seat of this.beats.keys()) if (!this.isLapsed(seat)) yield seat;
  }

  /** Who cares for what a seat cared for: itself while it is there, else the same other one everywhere. */
  carerFor(seat: string, task: string): string | undefined {
    return this.isLapsed(seat) ? chooseFor(task, this.present()) : seat;
  }

  /** Whether an agent can be given tasks, as the state says. */
  isAvailable(agent: AgentRecord): boolean {
    const isSame = this.replicaOf(agent.seat) === agent.replica;
    return agent.state === "active" && isSame && !this.isLapsed(agent.seat);
  }

  /** How much speaks against a seat being there still, by the heartbeats heard here: 8, one wrong guess in 100 million. */
  phi(seat: string, nowMs: number): number {
    return this.#hearings.get(seat)?.phi.phi(nowMs) ?? 0;
  }

  /** When this process heard of a replica last, by its own clock. */
  heardAtMs(replica: string): number | undefined {
    for (const hearing of this.#hearings.values()) if (hearing.replica === replica) return hearing.heardAtMs;
    return undefined;
  }

  /** The greatest number heard of that replica's heartbeats. */
  heardNumber(replica: string): number {
    for (const hearing of this.#hearings.values()) if (hearing.replica === replica) return hearing.number;
    return 0;
  }

  /** Seats not heard of for a lease, and not yet said to be gone. */
  *silent(nowMs: number): Generator<readonly [seat: string, lapse: LapseRecord]> {
    for (const [seat, { replica, number }] of this.beats) {
      const { heardAtMs } = this.#hearings.get(seat)!;
      if (nowMs - heardAtMs < this.#leaseMs || this.isLapsed(seat)) continue;
      yield [seat, { replica, number }];
    }
  }

  /** When the next seat will have been silent for a lease; infinity when none is left. */
  nextSilenceMs(self: string): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [seat, { heardAtMs }] of this.#hearings) {
      if (seat !== self && !this.isLapsed(seat)) nextMs = Math.min(nextMs, heardAtMs + this.#leaseMs);
    }
    return nextMs;
  }

  #hear(seat: string, { replica, number }: BeatRecord, nowMs: number): void {
    const known = this.#hearings.get(seat);
    if (known !== undefined && known.replica === replica && number <= known.number) return;
    if (known !== undefined && this.processOf(replica) < this.processOf(known.replica)) return;
    const phi =
      known?.phi ??
      new PhiAccrual({
        window: 100,
        deviationMsMin: this.#heartbeatMs / 5,
        pauseMs: this.#heartbeatMs / 2,
        firstMs: this.#heartbeatMs,
      });
    phi.heard(nowMs);
    this.#hearings.set(seat, { replica, number, heardAtMs: nowMs, phi });
  }

  #checked<Record>(value: unknown, read: (value: unknown) => Record | undefined): Record | undefined {
    if (value === undefined) return undefined;
    const record = read(value);
    if (record === undefined) this.malformed++;
    return record;
  }
}
