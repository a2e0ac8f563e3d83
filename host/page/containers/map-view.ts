// A map: key by key; where its values are records of a few fields, a column a field.

import type { MapHandle } from "../../index.ts";
import { make } from "../elements.ts";
import { type ContainerView, ITEMS_SHOWN, type ViewContext } from "./container-view.ts";
import { FilterBox } from "./filter-box.ts";
import { type Column, RowTable } from "./row-table.ts";
import { fieldsOf, valueText } from "./value-text.ts";

/** More columns than this are read better as one text. */
const COLUMNS_MAX = 6;
type Row = readonly [key: string, value: unknown];

export function mapView(map: MapHandle<Record<string, never>>, context: ViewContext): ContainerView {
  const filter = new FilterBox("filter keys", () => context.askForRender());
  const root = make("div", "", filter.root);
  let columns: readonly string[] | undefined;
  let table: RowTable<Row> | undefined;
  return {
    root,
    show() {
      const keys = [...map.keys()].filter((key) => filter.matches(key)).sort();
      const rows = keys.slice(0, ITEMS_SHOWN).map((key): Row => [key, map.get(key)]);
      const wanted = columnsOf(rows.map(([, value]) => value));
      if (table === undefined || wanted.join("\0") !== columns?.join("\0")) {
        table?.root.remove();
        columns = wanted;
        table = new RowTable<Row>(tableColumns(wanted, rows), { empty: "No keys." });
        root.append(table.root);
      }
      table.show(
        rows.map((row) => [row[0], row]),
        keys.length,
      );
    },
  };
}

/** The fields that records have together, in the order they come; none where the values are not such records. */
export function columnsOf(values: readonly unknown[]): string[] {
  const columns = new Set<string>();
  for (const value of values) {
    const fields = fieldsOf(value);
    if (fields === undefined) return [];
    for (const name of Object.keys(fields)) columns.add(name);
    if (columns.size > COLUMNS_MAX) return [];
  }
  return [...columns];
}

function tableColumns(columns: readonly string[], rows: readonly Row[]): Column<Row>[] {
  const key: Column<Row> = { title: "key", text: ([name]) => name };
  if (columns.length === 0) {
    return [key, { title: "value", kind: "value", text: ([, value]) => valueText(value) }];
  }
  const fields = columns.map((name): Column<Row> => {
    const areNumbers = rows.every(([, value]) => typeof (fieldsOf(value)?.[name] ?? 0) === "number");
    const text = ([, value]: Row) => {
      const field = fieldsOf(value)?.[name];
      return field === undefined ? "–" : valueText(field, 120);
    };
    return { title: name, kind: areNumbers ? "number" : "value", text };
  });
  return [key, ...fields];
}
