// Feeds a predictor from a document: each own write of a register, a map or a multi-value is predicted, each write that
// a merge brings is seen. Tells which own writes are likely to conflict, and which keys to sync sooner. It only listens.
import type { Platform } from "../../platform/platform.ts";
import { callListener } from "../../replica/call-listener.ts";
import type { Change } from "../../replica/change.ts";
import type { DocumentMethods } from "../../replica/document.ts";
import { xxhash32 } from "../../wire/xxhash32.ts";
import type { ConflictPredictor } from "./conflict-predictor.ts";

/** A place that two replicas may write at the same time. */
export interface WrittenPlace {
  readonly container: string;
  /** The key of a map; empty for a container with one value. */
  readonly key: string;
}

export interface ConflictWarning extends WrittenPlace {
  readonly probability: number;
}

export interface FollowOptions {
  readonly predictor: ConflictPredictor;
  readonly platform: Pick<Platform, "now">;
  /** Own writes at least this likely to conflict are told of; 0.5 unless given. */
  readonly warnFrom?: number;
  readonly onWarning?: (warning: ConflictWarning) => void;
}

const HERE = "here";
const ELSEWHERE = "elsewhere";
const WARN_FROM = 0.5;
/** Longer keys are remembered by their beginning and a hash. */
const KEY_CHARACTERS_MAX = 128;
const BETWEEN = "\u0000";

/** Follows `document` from now on; returns how to stop. */
export function followConflicts(
  document: Pick<DocumentMethods, "name" | "subscribe">,
  options: FollowOptions,
): () => void {
  const { predictor, platform, warnFrom = WARN_FROM, onWarning } = options;
  return document.subscribe((change) => {
    const nowMs = platform.now();
    for (const key of writtenKeys(change)) {
      const place = { container: change.container, key };
      const name = nameOf(document.name, place);
      if (change.origin === "remote") predictor.wrote(name, ELSEWHERE, nowMs);
      else {
        const { probability } = predictor.predict(name, HERE, nowMs);
        predictor.wrote(name, HERE, nowMs);
        if (onWarning !== undefined && probability >= warnFrom) {
          callListener(onWarning, { ...place, probability });
        }
      }
    }
  });
}

/** The chance that a write at `place` now meets another within the horizon. */
export function conflictProbability(
  document: Pick<DocumentMethods, "name">,
  place: WrittenPlace,
  { predictor, platform }: Pick<FollowOptions, "predictor" | "platform">,
): number {
  return predictor.probability(nameOf(document.name, place), HERE, platform.now());
}

/** The places that others most likely write next, over all documents followed: those to sync sooner. */
export function hotPlaces(
  { predictor, platform }: Pick<FollowOptions, "predictor" | "platform">,
  count: number,
): (ConflictWarning & { readonly document: string })[] {
  return predictor.hotKeys(HERE, platform.now(), count).map(({ key: name, probability }) => {
    const [document = "", container = "", ...key] = name.split(BETWEEN);
    return { document, container, key: key.join(BETWEEN), probability };
  });
}

function writtenKeys(change: Change): readonly string[] {
  switch (change.type) {
    case "map":
    case "multi-map":
      return [...change.set, ...change.deleted];
    case "register":
    case "multi-value":
      return [""];
    default:
      return [];
  }
}

function nameOf(document: string, { container, key }: WrittenPlace): string {
  return [document, container, shortened(key)].join(BETWEEN);
}

function shortened(key: string): string {
  if (key.length <= KEY_CHARACTERS_MAX) return key;
  const hash = xxhash32(new TextEncoder().encode(key), 0).toString(16);
  return `${key.slice(0, KEY_CHARACTERS_MAX)}…${hash}`;
}
