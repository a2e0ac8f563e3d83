// The overview of a fleet: its job, its replicas, who counted what, and this page among them. It tells the others of
// the page's presence and, at the end of a run, of its digest.

import { settledDigest } from "../fleet/agreement.ts";
import { formatCount } from "../fleet/format.ts";
import { knownMutations } from "../fleet/known-mutations.ts";
import { Herald, PresenceBoard } from "../fleet/presence.ts";
import type { FleetDocument, PresenceDocument } from "../fleet/schema.ts";
import { WorkView } from "../fleet/work-view.ts";
import type { Connection } from "../index.ts";
import type { ContainerView } from "./containers/container-view.ts";
import { seriesView } from "./containers/series/series-view.ts";
import { element, KeyedChildren, make, setText } from "./elements.ts";
import type { PageReplica } from "./page-replica.ts";
import { Sparkline } from "./sparkline.ts";
import { viewOf } from "./view-model.ts";
import { createViews } from "./views.ts";

/** Processes are measured once a second, so their plots move as often. */
const LOAD_MS = 900;

export class FleetOverview {
  readonly #fleet: FleetDocument;
  readonly #presence: PresenceDocument;
  readonly #page: PageReplica;
  readonly #board: PresenceBoard;
  readonly #work: WorkView;
  readonly #showView = createViews();
  readonly #sparkline = new Sparkline();
  readonly #vector: KeyedChildren<readonly [string, number]>;
  readonly #load: ContainerView;
  #loadShownMs = Number.NEGATIVE_INFINITY;
  #digest = "";
  #finishedRun = 0;
  #isJoined = false;

  constructor(page: PageReplica, fleet: FleetDocument, presence: PresenceDocument) {
    this.#page = page;
    this.#fleet = fleet;
    this.#presence = presence;
    this.#board = new PresenceBoard(presence, () => performance.now());
    this.#work = new WorkView(fleet);
    const makeRow = () => make("li", "", make("span"), make("span"));
    this.#vector = new KeyedChildren(element("vector"), makeRow, showVectorRow);
    this.#load = seriesView(presence.metrics, () => this.#load.show());
    element("load").append(this.#load.root);
  }

  /** `isSeen` says whether the overview is what people look at: the head of the page they see in any case. */
  show(isSeen: boolean): void {
    const { replica, storage } = this.#page;
    const [fleet, presence, digest] = [this.#fleet, this.#presence, this.#digest];
    const known = knownMutations(fleet.versionVector());
    const { filesDone } = this.#work;
    const isSilent = (id: string) => !this.#board.isLive(id);
    const view = viewOf({ fleet, presence, self: replica.id, digest, known, filesDone, isSilent });
    this.#showView(view);
    if (this.#isJoined) this.#sparkline.show(view.totals.words, performance.now());
    setText(element("self-replica"), replica.id);
    setText(element("self-engine"), replica.engineName);
    setText(element("self-storage"), storage);
    setText(element("self-digest"), digest === "" ? "at the end of the run" : digest);
    setText(element("self-known"), formatCount(known));
    this.#vector.show([...fleet.versionVector()].sort().map((row) => [row[0], row]));
    const nowMs = performance.now();
    if (!isSeen || nowMs - this.#loadShownMs < LOAD_MS) return;
    this.#loadShownMs = nowMs;
    this.#load.show();
  }

  /** Who is here changes without the job changing. */
  onPresence(listener: () => void): void {
    this.#presence.subscribe(listener);
  }

  /** What people call a replica; undefined where it never told. */
  nameOf(replica: string): string | undefined {
    return this.#presence.agents.get(replica)?.name;
  }

  /** Takes part: tells presence until the page goes. Resolves once the job's document is here. */
  async join(connection: Connection, askForRender: () => void): Promise<void> {
    const { replica } = this.#page;
    const herald = new Herald(this.#presence, replica.id, {
      acknowledged: () => connection.synced(this.#presence),
      describe: () => ({
        name: `page ${replica.id.slice(0, 4)}`,
        role: "page",
        pid: 0,
        engine: replica.engineName,
        state: this.#digest === "" ? "idle" : "finished",
        files: 0,
        bytes: 0,
        words: 0,
        sequence: this.#fleet.versionVector().get(replica.id),
        known: knownMutations(this.#fleet.versionVector()),
        digest: this.#digest,
        run: this.#finishedRun,
        bytesSent: connection.bytesSent,
        bytesReceived: connection.bytesReceived,
        lag: connection.lag,
      }),
    });
    settledDigest(this.#fleet, (settled) => {
      this.#digest = settled?.digest ?? "";
      this.#finishedRun = settled?.run ?? 0;
      herald.tell();
      askForRender();
    });
    addEventListener("pagehide", () => herald.leave());
    await connection.synced(this.#fleet);
    this.#isJoined = true;
  }
}

function showVectorRow(row: HTMLElement, [id, sequence]: readonly [string, number]): void {
  const [name, count] = row.children;
  if (name !== undefined) setText(name, id);
  if (count !== undefined) setText(count, formatCount(sequence));
}
