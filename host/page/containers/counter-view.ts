// A counter: what it stands at, and what each replica added and took away.

import { formatCount } from "../../fleet/format.ts";
import type { CounterHandle, CounterShare } from "../../index.ts";
import { make } from "../elements.ts";
import type { ContainerView, ViewContext } from "./container-view.ts";
import { Figure } from "./figure.ts";
import { fillBar, RowTable } from "./row-table.ts";

export function counterView(counter: CounterHandle, context: ViewContext): ContainerView {
  const figure = new Figure();
  let moved = 0;
  const table = new RowTable<CounterShare>(
    [
      { title: "replica", text: ({ replica }) => context.nameOf(replica) },
      { title: "added", kind: "number", text: ({ plus }) => formatCount(plus) },
      { title: "taken away", kind: "number", text: ({ minus }) => formatCount(minus) },
      {
        title: "part of all steps",
        kind: "bar",
        fill: (cell, { plus, minus }) => fillBar(cell, moved === 0 ? 0 : (plus + minus) / moved),
      },
    ],
    { empty: "Nobody has counted yet." },
  );
  return {
    root: make("div", "", figure.root, table.root),
    show() {
      const shares = counter.breakdown();
      moved = shares.reduce((sum, { plus, minus }) => sum + plus + minus, 0);
      figure.show({ value: formatCount(counter.value) });
      table.show(shares.map((share) => [share.replica, share]));
    },
  };
}
