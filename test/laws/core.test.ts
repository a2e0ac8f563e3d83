// The laws of merging for one container of counter, register, map, set, flag, log, multi-value or multi-map.
import { proveLaws } from "./prove-laws.ts";

proveLaws({
  counter: { c: "counter" },
  register: { r: "register" },
  map: { m: "map" },
  set: { s: "set" },
  flag: { f: "flag" },
  log: { l: "log" },
  "multi-value": { v: "multi-value" },
  "multi-map": { v: "multi-map" },
});
