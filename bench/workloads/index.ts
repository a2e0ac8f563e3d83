// All workloads, in the order they run and are listed; a command names some of them, or a group by its prefix.
import type { Workload } from "../workload.ts";
import { agents } from "./agents.ts";
import { assignments } from "./assignment.ts";
import { backbone } from "./backbone.ts";
import { bytes } from "./bytes.ts";
import { conflictPrediction } from "./conflict-prediction.ts";
import { graphs } from "./graph.ts";
import { growths } from "./growth.ts";
import { locals } from "./local.ts";
import { merges } from "./merges.ts";
import { netReconcile } from "./net-reconcile.ts";
import { network } from "./network.ts";
import { networkLoads } from "./network-loads.ts";
import { networkPacking } from "./network-packing.ts";
import { networkSyncs } from "./network-syncs.ts";
import { overhead } from "./overhead.ts";
import { packageFigures } from "./package.ts";
import { patternDetection } from "./pattern-detection.ts";
import { resourceForecast } from "./resource-forecast.ts";
import { rivals } from "./rivals.ts";
import { rivalsSeries } from "./rivals-series.ts";
import { seriesChunks } from "./series-chunks.ts";
import { seriesContainer } from "./series-container.ts";
import { seriesKernels } from "./series-kernels.ts";
import { seriesMerges } from "./series-merges.ts";
import { syncScheduling } from "./sync-scheduling.ts";
import { tortures } from "./torture.ts";
import { vectorCompare } from "./vector-compare.ts";

export const workloads: readonly Workload[] = [
  ...merges,
  ...graphs,
  vectorCompare,
  ...seriesKernels,
  ...seriesChunks,
  ...seriesMerges,
  ...seriesContainer,
  ...locals,
  ...growths,
  overhead,
  ...agents,
  ...assignments,
  conflictPrediction,
  syncScheduling,
  resourceForecast,
  patternDetection,
  backbone,
  netReconcile,
  ...bytes,
  packageFigures,
  ...network,
  ...networkSyncs,
  ...networkLoads,
  networkPacking,
  ...rivals,
  rivalsSeries,
  tortures,
];
