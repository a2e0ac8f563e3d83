// Runs that once failed, or that tell something, as the options that replay them. What a run of today draws from a seed
// changes when the simulator does; what each line is about is kept in its words, and it must pass for ever.
import type { SimulationOptions } from "../../host/simulator/index.ts";

export interface Regression {
  readonly what: string;
  readonly options: SimulationOptions;
}

export const REGRESSIONS: readonly Regression[] = [
  {
    what: "many restarts while most paths are cut, and a clone of a node that was closed",
    options: { seed: 18, nodes: 20, seconds: 4 },
  },
  {
    what: "slow nodes with long backlogs, which once cost the square of what waited",
    options: { seed: 21, nodes: 20, seconds: 4, faults: ["slow", "pause", "loss"] },
  },
  {
    what: "copies of directories in use and of closed ones beside each other",
    options: { seed: 5, nodes: 6, seconds: 6, rate: 6, faults: ["clone", "old-copy", "kill"] },
  },
  {
    what: "clocks that jump by minutes while everything is written over",
    options: { seed: 9, nodes: 5, seconds: 6, rate: 10, faults: ["clock-skew", "clock-step"] },
  },
];
