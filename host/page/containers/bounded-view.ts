// A bounded counter: what is left, and who may spend how much of it.

import { formatCount } from "../../fleet/format.ts";
import type { BoundedCounterHandle } from "../../index.ts";
import { make } from "../elements.ts";
import type { ContainerView, ViewContext } from "./container-view.ts";
import { Figure } from "./figure.ts";
import { fillBar, RowTable } from "./row-table.ts";

export function boundedView(counter: BoundedCounterHandle, context: ViewContext): ContainerView {
  const figure = new Figure();
  let most = 0;
  const table = new RowTable<{ replica: string; rights: number }>(
    [
      { title: "replica", text: ({ replica }) => context.nameOf(replica) },
      { title: "rights", kind: "number", text: ({ rights }) => formatCount(rights) },
      {
        title: "part of what is left",
        kind: "bar",
        fill: (cell, { rights }) => fillBar(cell, most === 0 ? 0 : rights / most),
      },
    ],
    { empty: "Nobody holds rights yet." },
  );
  return {
    root: make("div", "", figure.root, table.root),
    show() {
      const holders = counter.holders();
      most = counter.value;
      figure.show({ left: formatCount(most), holders: formatCount(holders.length) });
      table.show(holders.map((replica) => [replica, { replica, rights: counter.rightsOf(replica) }]));
    },
  };
}
