// The door of the learning room, and what an application imports from "jarvis-crdt/learning". What is learned here
// steers when and what to sync and what to warn of; what a merge yields never depends on it.
export {
  type ConflictPrediction,
  ConflictPredictor,
  type ConflictPredictorOptions,
  type ConflictScores,
} from "./conflicts/conflict-predictor.ts";
export {
  type ContainerRecord,
  suggestFinerType,
  type TypeSuggestion,
  type ValueKind,
} from "./conflicts/finer-type.ts";
export {
  type ConflictWarning,
  conflictProbability,
  type FollowOptions,
  followConflicts,
  hotPlaces,
  type WrittenPlace,
} from "./conflicts/follow-conflicts.ts";
export {
  areaUnderCurve,
  averagePrecision,
  brierSkill,
  calibrationError,
  type ReliabilityRow,
  type Scored,
} from "./conflicts/scores.ts";
export {
  type ForecastPoint,
  type LimitForecast,
  LoadForecast,
  type LoadForecastOptions,
} from "./forecast/load-forecast.ts";
export { type Health, type HealthSignal, healthOf } from "./health.ts";
export { type Anomaly, AnomalyDetector, type AnomalyDetectorOptions } from "./patterns/anomaly-detector.ts";
export { ChangeDetector, type ChangeDetectorOptions, type LevelChange } from "./patterns/change-detector.ts";
export { MeasuredChoice } from "./schedule/measured-choice.ts";
export { SendSchedule, type SendScheduleOptions } from "./schedule/send-schedule.ts";
