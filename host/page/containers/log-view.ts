// A log: its latest entries, the last one first.

import type { LogEntry, LogHandle } from "../../index.ts";
import { make } from "../elements.ts";
import { type ContainerView, ITEMS_SHOWN, type ViewContext } from "./container-view.ts";
import { RowTable } from "./row-table.ts";
import { timeText, valueText } from "./value-text.ts";

export function logView(log: LogHandle<unknown>, context: ViewContext): ContainerView {
  const table = new RowTable<LogEntry<unknown>>(
    [
      { title: "time", text: ({ timeMs }) => timeText(timeMs, Date.now()) },
      { title: "replica", text: ({ replica }) => context.nameOf(replica) },
      { title: "entry", kind: "value", text: ({ value }) => valueText(value) },
    ],
    { empty: "The log is empty." },
  );
  return {
    root: make("div", "", table.root),
    show() {
      const entries = log.entries({ last: ITEMS_SHOWN }).reverse();
      table.show(
        entries.map((entry) => [`${entry.replica}:${entry.sequence}`, entry]),
        log.size,
      );
    },
  };
}
