// The live page of a fleet. It is a replica like any other: it joins the relay it was served by, merges what comes,
// tells its own presence and digest, and shows what its documents hold. Nothing is asked of the server but the two
// documents, so it goes on showing what it knows when the relay is gone.

import { settledDigest } from "../fleet/agreement.ts";
import { formatCount } from "../fleet/format.ts";
import { knownMutations } from "../fleet/known-mutations.ts";
import { Herald, PresenceBoard } from "../fleet/presence.ts";
import { FLEET_DOCUMENT, Fleet, PRESENCE_DOCUMENT, Presence } from "../fleet/schema.ts";
import { WorkView } from "../fleet/work-view.ts";
import { element, KeyedChildren, make, setText } from "./elements.ts";
import { openPageReplica } from "./page-replica.ts";
import { scheduleRenders } from "./render-schedule.ts";
import { Sparkline } from "./sparkline.ts";
import { viewOf } from "./view-model.ts";
import { chip, createViews } from "./views.ts";

async function run(): Promise<void> {
  const { replica, storage } = await openPageReplica();
  const fleet = await replica.open(FLEET_DOCUMENT, Fleet);
  const presence = await replica.open(PRESENCE_DOCUMENT, Presence);
  const self = replica.id;
  let digest = "";
  let finishedRun = 0;
  let isJoined = false;

  const board = new PresenceBoard(presence, () => performance.now());
  const work = new WorkView(fleet);
  const showView = createViews();
  const sparkline = new Sparkline();
  const vector = new KeyedChildren<readonly [string, number]>(
    element("vector"),
    () => make("li", "", make("span"), make("span")),
    showVectorRow,
  );
  const render = () => {
    const known = knownMutations(fleet.versionVector());
    const { filesDone } = work;
    const isSilent = (id: string) => !board.isLive(id);
    const view = viewOf({ fleet, presence, self, digest, known, filesDone, isSilent });
    showView(view);
    if (isJoined) sparkline.show(view.totals.words, performance.now());
    setText(element("self-replica"), replica.id);
    setText(element("self-engine"), replica.engineName);
    setText(element("self-storage"), storage);
    setText(element("self-digest"), digest === "" ? "at the end of the run" : digest);
    setText(element("self-known"), formatCount(known));
    vector.show([...fleet.versionVector()].sort().map((row) => [row[0], row]));
  };
  const askForRender = scheduleRenders(render);
  fleet.subscribe(askForRender);
  presence.subscribe(askForRender);
  setInterval(askForRender, 1000);
  render();

  chip("link", "connecting", "warning");
  const connection = await replica.connect(location.origin.replace(/^http/, "ws"));
  const showLink = () =>
    chip("link", `link ${connection.status}`, connection.status === "open" ? "good" : "warning");
  connection.onStatus(showLink);
  showLink();

  const herald = new Herald(presence, self, {
    acknowledged: () => connection.synced(presence),
    describe: () => ({
      name: `page ${self.slice(0, 4)}`,
      role: "page",
      pid: 0,
      engine: replica.engineName,
      state: digest === "" ? "idle" : "finished",
      files: 0,
      bytes: 0,
      words: 0,
      sequence: fleet.versionVector().get(self),
      known: knownMutations(fleet.versionVector()),
      digest,
      run: finishedRun,
      bytesSent: connection.bytesSent,
      bytesReceived: connection.bytesReceived,
      lag: connection.lag,
    }),
  });
  settledDigest(fleet, (settled) => {
    digest = settled?.digest ?? "";
    finishedRun = settled?.run ?? 0;
    herald.tell();
    askForRender();
  });
  await connection.synced(fleet);
  isJoined = true;
  addEventListener("pagehide", () => herald.leave());
}

function showVectorRow(row: HTMLElement, [id, sequence]: readonly [string, number]): void {
  const [name, count] = row.children;
  if (name !== undefined) setText(name, id);
  if (count !== undefined) setText(count, formatCount(sequence));
}

run().catch((error: unknown) => {
  chip("link", error instanceof Error ? error.message : String(error), "danger");
  throw error;
});
