// One round of one workload for one competitor, in a process of its own: a grown linear memory slows every typed
// array loop of its process, code that has seen one engine's shapes is slower for the other's, and garbage of one
// would be collected in the time of the next. Prints the outcome as the last line.
import { argv } from "node:process";
import type { Circumstances } from "./workload.ts";
import { workloads } from "./workloads/index.ts";

const [, , name = "", step = "run", circumstancesJson = "{}"] = argv;
const circumstances = JSON.parse(circumstancesJson) as Circumstances;
const workload = workloads.find((candidate) => candidate.name === name);
if (workload === undefined) throw new Error(`no workload "${name}"`);
if (step === "prepare") await workload.prepare?.(circumstances);
else console.log(JSON.stringify(await workload.run(circumstances)));
// Some of what is measured keeps timers or sockets alive.
process.exit(0);
