// The laws of merging for documents that mix data types, and names that two types share.
import { proveLaws } from "./prove-laws.ts";

proveLaws({
  "series beside a map": { t: "series", "t#map": "map", u: "series" },
  mixed: { c: "counter", r: "register", m: "map", "m#set": "set", f: "flag", l: "log", "m#log": "log" },
  "mixed further": {
    v: "multi-value",
    "v#map": "multi-map",
    x: "maximum",
    "x#low": "minimum",
    b: "bounded",
    g: "graph",
    "g#list": "list",
    w: "workflow",
    "w#vote": "vote",
    m: "map",
    "m#set": "set",
  },
});
