// Which data type would lose less where conflicts are frequent: a pure rule over what was counted. It suggests only what
// keeps the meaning of the value, and only once the conflict rate is surely high: the lower end of Wilson's interval
// ("Probable inference", 1927) at 95 %.

/** What a container's value is, as far as a suggestion needs it. */
export type ValueKind = "number" | "object" | "array" | "other";

export interface ContainerRecord {
  readonly type: "register" | "map";
  readonly valueKind: ValueKind;
  /** Own writes whose outcome is known, and those of them that conflicted. */
  readonly writes: number;
  readonly conflicts: number;
}

export interface TypeSuggestion {
  readonly type: "counter" | "map" | "list" | "multi-value" | "multi-map";
  /** The conflict rate is at least this, as surely as 39 in 40. */
  readonly conflictRateMin: number;
  readonly reason: string;
}

const CONFLICT_RATE_WORTH = 0.05;
const NORMAL_QUANTILE = 1.96;

/** Undefined where conflicts are rare, or not known well enough to be called frequent. */
export function suggestFinerType(record: ContainerRecord): TypeSuggestion | undefined {
  const conflictRateMin = wilsonLower(record.conflicts, record.writes);
  if (conflictRateMin < CONFLICT_RATE_WORTH) return undefined;
  return { ...finerThan(record), conflictRateMin };
}

function finerThan({ type, valueKind }: ContainerRecord): Pick<TypeSuggestion, "type" | "reason"> {
  if (valueKind === "number")
    return { type: "counter", reason: "steps add up, where whole numbers replace each other" };
  if (valueKind === "object")
    return { type: "map", reason: "fields merge one by one, where objects replace each other" };
  if (valueKind === "array")
    return { type: "list", reason: "elements merge one by one, where arrays replace each other" };
  const kept = "values written at the same time are all kept, until one is chosen";
  return type === "register" ? { type: "multi-value", reason: kept } : { type: "multi-map", reason: kept };
}

/** The lower end of Wilson's interval for `hits` of `count`; 0 of nothing. */
function wilsonLower(hits: number, count: number): number {
  if (count === 0) return 0;
  const share = hits / count;
  const square = NORMAL_QUANTILE ** 2 / count;
  const spread = NORMAL_QUANTILE * Math.sqrt((share * (1 - share) + square / 4) / count);
  return Math.max(0, (share + square / 2 - spread) / (1 + square));
}
