// What must always hold inside a document of the baseline engine; for tests. Cost: everything is visited.
import type { Container } from "./container.ts";
import type { SurvivalRule } from "./data-types.ts";
import { type DocumentState, isDeletedMark } from "./document-state.ts";
import { byPosition, type Entry } from "./entry.ts";
import type { KindIndex } from "./kind-index.ts";
import { isAtOrBelow, isMark } from "./log-index.ts";
import type { ReplicaColumn } from "./replica-column.ts";
import { isChunk, labelOf, lastTimeOf, type SeriesIndex } from "./series-index.ts";

export function checkInvariants(state: DocumentState): void {
  const live: Entry[] = [];
  let removals = 0;
  for (const column of state.replicas.values()) {
    checkColumn(column);
    removals += column.removals.length;
    for (const entry of column.entries) if (entry.isLive) live.push(entry);
  }
  expect(live.length === state.entries, "the entries of the columns sum to those of the document");
  expect(live.filter(isDeletedMark).length === state.deletedMarks, "deleted-marks are counted");
  expect(removals === state.removals, "removal records are counted");
  let indexed = 0;
  state.containers.forEach((container, index) => {
    expect(container.index === index, "containers know their index");
    expect(container.position === -1, "no container is left marked as written");
    indexed += checkContainer(container);
  });
  expect(indexed === live.length, "every live entry is in the index of its container");
  expect(state.journal.length === 0, "nothing is left in the journal");
}

function checkColumn(column: ReplicaColumn): void {
  expect(column.sequence >= 1, "a replica in the table has mutated");
  expect(column.floor <= column.sequence, "the floor is covered by the version vector");
  let previous = 0;
  let dead = 0;
  for (const entry of column.entries) {
    expect(entry.replica === column && entry.sequence > previous, "a column ascends");
    previous = entry.sequence;
    if (!entry.isLive) dead++;
  }
  expect(previous <= column.sequence, "the version vector covers every entry");
  expect(dead === column.deadEntries, "the dead of a column are counted");
  previous = column.floor;
  for (const { sequence, targetSequences } of column.removals) {
    expect(sequence > previous && targetSequences.length > 0, "removal records ascend above the floor");
    previous = sequence;
  }
  expect(previous <= column.sequence, "the version vector covers every removal record");
}

function checkContainer(container: Container): number {
  const { content } = container;
  const entries = [...content.all()];
  for (const entry of entries) {
    expect(entry.isLive && entry.container === container, "an index holds live entries of its container");
    expect(entry.replica.find(entry.sequence) === entry, "an indexed entry is found by its dot");
  }
  expect(entries.length === container.entries, "the entries of a container are counted");
  const present = entries.filter((entry) => entry.length > 0);
  if (content.kind === "winners") expect(present.length === content.size, "present keys are counted");
  if (content.kind === "slots") expect(entries.length === content.size, "slots are counted");
  if (content.kind === "series") checkSeries(content, entries);
  if (content.kind === "kinds") checkKinds(content, entries);
  if (content.kind === "log") {
    const { mark } = content;
    const logged = entries.filter((entry) => !isMark(entry));
    expect(logged.length === content.size, "log entries are counted");
    logged.forEach((entry, index) => {
      expect(index === 0 || byPosition(logged[index - 1]!, entry) < 0, "a log is in order");
      const isGone = mark !== undefined && isAtOrBelow(entry.timestamp, entry.replica, entry.sequence, mark);
      expect(!isGone, "no log entry is below the truncation mark");
    });
  }
  return entries.length;
}

function checkKinds(content: KindIndex, entries: readonly Entry[]): void {
  const ofRule = (rule: SurvivalRule) => entries.filter(({ key }) => content.ruleOf(key)?.rule === rule);
  const positions = ofRule("all");
  const keys = new Set(
    [...ofRule("element"), ...ofRule("winner").filter(({ length }) => length > 0)].map(({ key }) => key),
  );
  const expected = content.isOfPositions ? positions.length : keys.size;
  expect(expected === content.size, "what a graph or list shows is counted");
  const winners = ofRule("winner");
  expect(new Set(winners.map(({ key }) => key)).size === winners.length, "a key has one winner");
}

function checkSeries(content: SeriesIndex, entries: readonly Entry[]): void {
  let points = 0;
  const marks = entries.filter(({ key }) => !isChunk(key));
  expect(new Set(marks.map(({ key }) => key)).size === marks.length, "a key has one mark");
  expect(
    entries.every(
      ({ key, chunk, start }) => !isChunk(key) || lastTimeOf(chunk, start) >= content.markTime(labelOf(key)),
    ),
    "no chunk lies below a mark",
  );
  for (const label of content.labelsView()) {
    points += content.shown(label);
    const rows = label.rowsView();
    expect(rows.length === label.chunks, "every chunk of a label has a row");
    rows.forEach((row, index) => {
      const reach = Math.max(...rows.slice(0, index + 1).map(({ lastTime }) => lastTime));
      expect(row.entry.isLive && row.firstTime <= row.lastTime, "a row stands for a live chunk");
      expect(label.firstReaching(reach) <= index, "a row is found by how far it reaches");
      expect(index === 0 || rows[index - 1]!.firstTime <= row.firstTime, "rows are in order of time");
    });
  }
  expect(points === content.size, "the points of a series are counted");
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken invariant: ${what}`);
}
