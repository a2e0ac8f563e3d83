// Multi-values and multi-maps: what was written at the same time and waits for somebody's decision, and who wrote it.

import { formatCount } from "../../fleet/format.ts";
import type { Candidate, MultiMapHandle, MultiValueHandle } from "../../index.ts";
import { make, setText } from "../elements.ts";
import { type ContainerView, ITEMS_SHOWN, type ViewContext } from "./container-view.ts";
import { FilterBox } from "./filter-box.ts";
import { type Column, RowTable } from "./row-table.ts";
import { timeText, valueText } from "./value-text.ts";

interface Row {
  readonly key: string;
  readonly candidate: Candidate<unknown>;
  readonly isLatest: boolean;
  /** How many stand under the key. */
  readonly count: number;
}

export function multiValueView(values: MultiValueHandle<unknown>, context: ViewContext): ContainerView {
  const state = make("span", "state large");
  const table = new RowTable<Row>(candidateColumns(context), { empty: "Nothing is set yet." });
  return {
    root: make("div", "", make("p", "padded", state), table.root),
    show() {
      const { candidates } = values;
      const isConflicted = candidates.length > 1;
      state.dataset.tone = isConflicted ? "warning" : candidates.length === 1 ? "good" : "plain";
      const agreed = candidates.length === 1 ? "one value" : "no value";
      setText(state, isConflicted ? `${candidates.length} values written at the same time` : agreed);
      table.show(candidateRows("", candidates));
    },
  };
}

export function multiMapView(
  map: MultiMapHandle<Record<string, never>>,
  context: ViewContext,
): ContainerView {
  const filter = new FilterBox("filter keys", () => context.askForRender());
  const state = make("span", "state large");
  const table = new RowTable<Row>([{ title: "key", text: ({ key }) => key }, ...candidateColumns(context)], {
    empty: "No keys.",
  });
  return {
    root: make("div", "", make("p", "padded", state), filter.root, table.root),
    show() {
      const conflicts = new Set<string>(map.conflicts());
      state.dataset.tone = conflicts.size > 0 ? "warning" : "good";
      const many = conflicts.size === 1 ? "1 key has" : `${formatCount(conflicts.size)} keys have`;
      setText(state, conflicts.size === 0 ? "no key has several values" : `${many} several values`);
      const keys = [...map.keys()].filter((key) => filter.matches(key));
      keys.sort(
        (left, right) =>
          Number(conflicts.has(right)) - Number(conflicts.has(left)) || (left < right ? -1 : 1),
      );
      const rows = keys.slice(0, ITEMS_SHOWN).flatMap((key) => candidateRows(key, map.candidates(key)));
      table.show(rows, rows.length + Math.max(0, keys.length - ITEMS_SHOWN));
    },
  };
}

function candidateColumns(context: ViewContext): Column<Row>[] {
  return [
    { title: "value", kind: "value", text: ({ candidate }) => valueText(candidate.value) },
    { title: "", text: ({ isLatest, count }) => (isLatest && count > 1 ? "latest" : "") },
    { title: "written by", text: ({ candidate }) => context.nameOf(candidate.replica) },
    { title: "time", text: ({ candidate }) => timeText(candidate.timeMs, Date.now()) },
  ];
}

function candidateRows(key: string, candidates: readonly Candidate<unknown>[]): [string, Row][] {
  const latest = candidates.reduce(
    (best, { timestamp }) => Math.max(best, timestamp),
    Number.NEGATIVE_INFINITY,
  );
  // Of equal readings the greater replica id is the later, and candidates stand in their order.
  const last = candidates.findLast(({ timestamp }) => timestamp === latest);
  return candidates.map((candidate) => [
    `${key}\0${candidate.replica}:${candidate.sequence}`,
    { key, candidate, isLatest: candidate === last, count: candidates.length },
  ]);
}
