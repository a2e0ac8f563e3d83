// The door of the simulator: runs of a whole fleet in virtual time from one seed.
export { CHECK_NAMES, type CheckName, type Violation } from "./checks.ts";
export { FAULT_KINDS, FAULT_NAMES, type Fault, type FaultKind } from "./faults.ts";
export { replayLine } from "./replay-line.ts";
export { type Shrunk, shrink } from "./shrink.ts";
export { type Progress, type SimulationOptions, type SimulationResult, simulate } from "./simulation.ts";
export { timelinePage } from "./timeline-page.ts";
export { TOPOLOGIES, type Topology } from "./topology.ts";
