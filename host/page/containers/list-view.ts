// A list in its order.

import { formatCount } from "../../fleet/format.ts";
import { make } from "../elements.ts";
import { type ContainerView, ITEMS_SHOWN } from "./container-view.ts";
import { RowTable } from "./row-table.ts";
import { valueText } from "./value-text.ts";

/** What of a list handle is needed here. */
interface List {
  readonly length: number;
  get(index: number): unknown;
}

export function listView(list: List): ContainerView {
  const table = new RowTable<readonly [index: number, value: unknown]>(
    [
      { title: "index", kind: "number", text: ([index]) => formatCount(index) },
      { title: "value", kind: "value", text: ([, value]) => valueText(value) },
    ],
    { empty: "The list is empty." },
  );
  return {
    root: make("div", "", table.root),
    show() {
      const count = Math.min(list.length, ITEMS_SHOWN);
      const rows = Array.from({ length: count }, (_, index) => [index, list.get(index)] as const);
      table.show(
        rows.map((row) => [String(row[0]), row]),
        list.length,
      );
    },
  };
}
