// All workloads, in the order they run and are listed; a command names some of them, or a group by its prefix.
import type { Workload } from "../workload.ts";
import { rivals } from "./rivals.ts";

export const workloads: readonly Workload[] = [...rivals];
