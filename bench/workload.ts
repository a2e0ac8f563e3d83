// What a benchmark is: a named piece of work that runs in a child process of its own, once a round and competitor,
// checks its own result and reports samples (times) and figures (everything that is no time).

/** Who does the work: an engine, a library, or a way of composing the package. */
export type Competitor = string;

export interface Sample {
  readonly workload: string;
  /** Operations that were timed. */
  readonly n: number;
  readonly nsPerOp: number;
  readonly bytesPerOp?: number;
}

export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
}

export interface Outcome {
  readonly samples: readonly Sample[];
  readonly figures?: readonly Figure[];
  /** What the work came to (a digest, sizes, sums); all competitors of a round must agree on it. */
  readonly check: string;
}

export interface Circumstances {
  readonly competitor: Competitor;
  /** Tiny sizes and one repetition: the tests run every workload this way. */
  readonly isQuick: boolean;
  /** Where `prepare` wrote and `run` reads; emptied before each command. */
  readonly dataFolder: string;
  /** Where recorded histories lie that some workloads can also be run on; made-up ones alone unless given. */
  readonly traceFolder?: string | undefined;
}

export interface Workload {
  readonly name: string;
  readonly competitors: readonly Competitor[];
  /** Rounds of child processes, competitors alternating within each; medians are taken over rounds. */
  readonly rounds: number;
  /** Why a competitor cannot take part here; it is then left out of the rows. */
  missing?(competitor: Competitor): string | undefined;
  /** Writes the inputs all competitors read; runs once, in a child process of its own. */
  prepare?(circumstances: Circumstances): Promise<void>;
  run(circumstances: Circumstances): Promise<Outcome>;
}
