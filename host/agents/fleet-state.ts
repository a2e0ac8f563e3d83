// What the document of a fleet says, kept current from its changes: who takes part, and where each task stands.
import type { Change } from "../replica/change.ts";
import { ASPECTS, type Aspect, type FleetDocument } from "./fleet-document.ts";
import { Members } from "./members.ts";
import { FILED_ASPECTS, type FiledAspect, TaskBook } from "./tasks/task-book.ts";

export interface FleetStateOptions {
  readonly document: FleetDocument;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly monotonicMs: () => number;
}

export class FleetState {
  readonly document: FleetDocument;
  readonly members: Members;
  readonly book: TaskBook;
  readonly leaseMs: number;
  readonly monotonicMs: () => number;

  constructor({ document, leaseMs, heartbeatMs, monotonicMs }: FleetStateOptions) {
    this.document = document;
    this.leaseMs = leaseMs;
    this.monotonicMs = monotonicMs;
    this.members = new Members(leaseMs, heartbeatMs);
    this.book = new TaskBook(this.members);
  }

  /** Takes in what is there, and from now on what changes; `onChange` is called after each change. */
  follow(onChange: () => void): () => void {
    const stop = this.document.subscribe((change) => {
      if (this.#changed(change)) onChange();
    });
    for (const aspect of ASPECTS) {
      for (const [key, value] of this.document[aspect].entries()) this.#apply(aspect, key, value);
    }
    return stop;
  }

  #changed(change: Change): boolean {
    if (change.type !== "map") return false;
    const aspect = change.container as Aspect;
    for (const key of change.set) this.#apply(aspect, key, this.document[aspect].get(key));
    for (const key of change.deleted) this.#apply(aspect, key, undefined);
    return true;
  }

  #apply(aspect: Aspect, key: string, value: unknown): void {
    const { book, members } = this;
    if (FILED_ASPECTS.includes(aspect as FiledAspect)) book.setFiled(aspect as FiledAspect, key, value);
    else if (aspect === "specs") book.setSpec(key, value);
    else if (aspect === "beats") {
      if (members.setBeat(key, value, this.monotonicMs())) book.seatChanged(key);
    } else if (aspect === "lapses") {
      if (members.setLapse(key, value)) book.seatChanged(key);
    } else if (aspect === "seats") {
      const seat = members.setSeat(key, value);
      if (seat !== undefined) book.seatChanged(seat);
    } else if (aspect === "receipts") {
      if (members.setReceipt(key, value)) book.stored(key);
    } else if (aspect === "agents") members.setAgent(key, value);
    else if (aspect === "orders") book.setOrder(key, value);
    else if (aspect === "edges") book.setEdge(key, value);
    else if (aspect === "progress") book.setProgress(key, value);
    else if (aspect === "archive") book.setArchived(key, value);
  }
}
