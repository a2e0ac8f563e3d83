// The door of the simulator: runs of a whole fleet in virtual time from one seed.
export { AVAILABILITY_SHARE_MIN, AVAILABILITY_TIMING, type AvailabilitySummary } from "./availability.ts";
export { CHECK_NAMES, type CheckName, type Violation } from "./checks.ts";
export { AVAILABILITY_FAULTS, FAULT_KINDS, FAULT_NAMES, type Fault, type FaultKind } from "./faults.ts";
export { replayLine } from "./replay-line.ts";
export { type Shrunk, shrink } from "./shrink.ts";
export {
  type Progress,
  type PushKind,
  type SimulationOptions,
  type SimulationResult,
  simulate,
} from "./simulation.ts";
export { timelinePage } from "./timeline-page.ts";
export { TOPOLOGIES, type Topology } from "./topology.ts";
