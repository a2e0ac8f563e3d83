// The laws of merging for one container of the types whose entries have ranks, owners, kinds or chunks.
import { proveLaws } from "./prove-laws.ts";

proveLaws({
  "maximum and minimum": { x: "maximum", "x#low": "minimum" },
  bounded: { b: "bounded" },
  graph: { g: "graph" },
  "workflow and vote": { w: "workflow", v: "vote" },
  list: { l: "list" },
  series: { t: "series" },
});
