// Gives tasks to agents. Who holds a task, or submitted it, cares for it: makes the plan and writes what it says of that
// task. Of a seat that is gone, another one does, the same for all who know the same. In mode quorum nobody gives: the
// agent that the plan names bids. The plan is a function of the state, so where replicas know the same they act alike.
import { makePlan } from "./assignment/make-plan.ts";
import type { PlanInput } from "./assignment/plan-input.ts";
import type { Write } from "./ledger.ts";
import type { Members } from "./members.ts";
import { type PlanSettings, planInput } from "./planning.ts";
import type { AgentRecord } from "./records/member-records.ts";
import type { GrantRecord } from "./records/run-records.ts";
import { runKey } from "./records/shapes.ts";
import type { Task, TaskBook } from "./tasks/task-book.ts";
import type { Filed, TaskRecords } from "./tasks/task-records.ts";

export interface StewardParts {
  readonly seat: () => string;
  readonly members: Members;
  readonly book: TaskBook;
  readonly settings: PlanSettings;
  readonly leaseMs: number;
  readonly replicaId: () => string;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly takeBatch: () => number;
}

/** From here on an agent is not given new tasks, though it is not yet taken for gone. */
const PHI_SUSPICIOUS = 8;

export class Steward {
  readonly #parts: StewardParts;

  constructor(parts: StewardParts) {
    this.#parts = parts;
  }

  input(more: readonly string[] = []): PlanInput {
    const { members, book, settings, leaseMs } = this.#parts;
    return planInput(members, book, settings, leaseMs, more);
  }

  /** The grants and bids that this replica has to write now. */
  act(): Write[] {
    const { members, book } = this.#parts;
    book.ready.advance(members.latestMs);
    if (book.ready.size === 0 || !this.#hasPlaces()) return [];
    const input = this.input();
    const isConcerned = input.tasks.some(
      (task) => task.runningOn === undefined && this.#mayAct(book.tasks.get(task.id)!),
    );
    if (!isConcerned) return [];
    const writes: Write[] = [];
    for (const { task: id, agent: name } of makePlan(input).assignments) {
      const task = book.tasks.get(id)!;
      const agent = members.agents.get(name)!;
      if (this.#isSuspected(agent) || !this.#mayAct(task)) continue;
      const write =
        task.records.spec!.mode === "quorum" ? this.#bid(task, name, agent) : this.grant(task, agent, name);
      if (write !== undefined) writes.push(write);
    }
    return writes;
  }

  /** Whether this seat cares for a task that waits. */
  caresFor({ records, standing }: Task): boolean {
    const { seat, members } = this.#parts;
    const spec = records.spec!;
    const holder = standing.right?.seat ?? spec.seat;
    if (spec.mode === "owned") return holder === seat();
    return members.carerFor(holder, records.id) === seat();
  }

  /** Gives the right to an agent; or, without a name, the care for the task to a seat. */
  grant({ records, standing }: Task, to: Pick<AgentRecord, "seat" | "replica">, agent?: string): Write {
    const { members, replicaId, now, takeBatch } = this.#parts;
    const spec = records.spec!;
    const from = standing.right?.seat ?? spec.seat;
    const isOwned = spec.mode === "owned";
    const epoch = (isOwned ? (standing.right?.epoch ?? 0) : standing.epoch) + 1;
    const said = isOwned ? this.#saidBefore(records, from, epoch) : undefined;
    const name = said === undefined ? agent : said.agent;
    const grant: GrantRecord = {
      from,
      to: said?.to ?? to.seat,
      on: said?.on ?? to.replica,
      ...(name === undefined ? {} : { agent: name }),
      ...(!isOwned && members.isLapsed(from) ? { isTaken: true } : {}),
      batch: isOwned ? takeBatch() : 0,
      atMs: now(),
    };
    return ["grants", runKey(records.id, epoch, replicaId()), grant];
  }

  /**
   * What the last process of this seat before granted in that epoch. Its receipt may be with others and not here: only
   * the same may be granted again. What processes before that one said differs only if it never counts.
   */
  #saidBefore({ grants }: TaskRecords, from: string, epoch: number): GrantRecord | undefined {
    const { members, replicaId } = this.#parts;
    let last: Filed<GrantRecord> | undefined;
    for (const grant of grants) {
      if (grant.epoch !== epoch || grant.record.from !== from || grant.replica === replicaId()) continue;
      if (last === undefined || members.processOf(grant.replica) >= members.processOf(last.replica))
        last = grant;
    }
    return last?.record;
  }

  #hasPlaces(): boolean {
    const { members, book } = this.#parts;
    for (const [id, agent] of members.agents) {
      if (members.isAvailable(agent) && agent.slots > book.givenTo(id).size) return true;
    }
    return false;
  }

  #mayAct(task: Task): boolean {
    return task.records.spec!.mode === "quorum" || this.caresFor(task);
  }

  #isSuspected({ seat }: AgentRecord): boolean {
    const { members, monotonicMs, seat: self } = this.#parts;
    return seat !== self() && members.phi(seat, monotonicMs()) >= PHI_SUSPICIOUS;
  }

  #bid({ records, standing }: Task, agent: string, { seat }: AgentRecord): Write | undefined {
    if (seat !== this.#parts.seat()) return undefined;
    const { replicaId, now } = this.#parts;
    return ["bids", runKey(records.id, standing.epoch + 1, replicaId()), { seat, agent, atMs: now() }];
  }
}
