// A table of keyed rows: its cells are written only where they differ. Where there are none it says so, and where there
// are more than shown it says how many.

import { formatCount } from "../../fleet/format.ts";
import { KeyedChildren, make, setText } from "../elements.ts";

export interface Column<Row> {
  readonly title: string;
  readonly kind?: "number" | "code" | "bar" | "value";
  /** What the cell says, or how it is filled. */
  readonly text?: (row: Row) => string;
  readonly fill?: (cell: HTMLElement, row: Row) => void;
}

export interface RowTableOptions {
  /** What it says where there are no rows. */
  readonly empty: string;
  /** Called with the row's key when somebody chooses its first cell, which is then a button. */
  readonly onChoose?: (key: string) => void;
}

interface KeyedRow<Row> {
  readonly key: string;
  readonly row: Row;
}

export class RowTable<Row> {
  readonly root = make("div", "row-table");
  readonly #columns: readonly Column<Row>[];
  readonly #options: RowTableOptions;
  readonly #rows: KeyedChildren<KeyedRow<Row>>;
  readonly #scroll: HTMLElement;
  readonly #note = make("p", "note");
  /** The key of the row that is marked as chosen. */
  chosen: string | undefined;

  constructor(columns: readonly Column<Row>[], options: RowTableOptions) {
    this.#columns = columns;
    this.#options = options;
    const heads = columns.map(({ title, kind }) => {
      const head = make("th", kind ?? "", title);
      head.setAttribute("scope", "col");
      return head;
    });
    const body = make("tbody");
    this.#scroll = make(
      "div",
      "scroll",
      make("table", "", make("thead", "", make("tr", "", ...heads)), body),
    );
    this.root.append(this.#scroll, this.#note);
    this.#rows = new KeyedChildren<KeyedRow<Row>>(
      body,
      () => this.#make(),
      (element, row) => this.#show(element, row),
    );
  }

  /** Shows `rows`; `total` is how many there would be. */
  show(rows: readonly (readonly [key: string, row: Row])[], total: number = rows.length): void {
    this.#rows.show(rows.map(([key, row]) => [key, { key, row }]));
    this.#scroll.hidden = rows.length === 0;
    const isCut = rows.length < total;
    this.#note.hidden = rows.length > 0 && !isCut;
    const some = `${formatCount(rows.length)} of ${formatCount(total)} shown`;
    setText(this.#note, rows.length === 0 ? this.#options.empty : isCut ? some : "");
  }

  #make(): HTMLElement {
    const row = make("tr");
    this.#columns.forEach(({ kind }, index) => {
      const cell = make(index === 0 ? "th" : "td", kind ?? "");
      if (index === 0) cell.setAttribute("scope", "row");
      if (index === 0 && this.#options.onChoose !== undefined) cell.append(this.#chooser(row));
      row.append(cell);
    });
    return row;
  }

  #chooser(row: HTMLElement): HTMLElement {
    const button = make("button", "plain");
    button.setAttribute("type", "button");
    button.addEventListener("click", () => this.#options.onChoose?.(row.dataset.key ?? ""));
    return button;
  }

  #show(element: HTMLElement, { key, row }: KeyedRow<Row>): void {
    if (element.dataset.key !== key) element.dataset.key = key;
    element.classList.toggle("is-chosen", key === this.chosen);
    this.#columns.forEach(({ text, fill }, index) => {
      const cell = element.children[index];
      if (!(cell instanceof HTMLElement)) return;
      const isChooser = index === 0 && this.#options.onChoose !== undefined;
      if (isChooser) cell.firstElementChild?.setAttribute("aria-pressed", String(key === this.chosen));
      const target = isChooser ? cell.firstElementChild : cell;
      if (text !== undefined && target !== null) setText(target, text(row));
      fill?.(cell, row);
    });
  }
}

/** Fills a cell with a bar of this share of its width, from 0 to 1. */
export function fillBar(cell: HTMLElement, share: number): void {
  const bar = cell.firstElementChild ?? cell.appendChild(make("span"));
  const width = `${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}%`;
  if (bar instanceof HTMLElement && bar.style.width !== width) bar.style.width = width;
}
