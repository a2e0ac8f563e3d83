// What worked and how long it took, and the skill levels and durations that follow. Records are a log; what is worked
// out of them is a pure function of the newest ones of each agent and kind, in whole numbers, so a plan that uses it is
// the same everywhere. A level is a mean between what the agent declares, worth so many tries, and its share of
// successes; a duration the median of those that succeeded. What it leaves out: why something failed, which is in `note`.
import type { LogHandle } from "../../replica/log-handle.ts";

export interface ExperienceRecord {
  readonly agent: string;
  readonly kind: string;
  /** The skills the work took. */
  readonly skills: readonly string[];
  readonly succeeded: boolean;
  readonly durationMs: number;
  /** What worked, or what went wrong, in words. */
  readonly note?: string;
}

export interface ExperienceOptions {
  /** Newest records of each agent and kind (or skill) that count. */
  readonly window?: number;
  /** Tries that a declared level is worth. */
  readonly priorTries?: number;
}

export interface Outcomes {
  readonly tries: number;
  readonly successes: number;
  /** Median of the tries that succeeded; undefined where none did. */
  readonly durationMs?: number;
}

const WINDOW = 50;
const PRIOR_TRIES = 5;
/** A year: what took longer is no estimate. */
const DURATION_MS_MAX = 31_536_000_000;

export class Experience {
  readonly #log: LogHandle<ExperienceRecord>;

  constructor(log: LogHandle<ExperienceRecord>) {
    this.#log = log;
  }

  record(record: ExperienceRecord): void {
    this.#log.append(record);
  }

  /** Keeps the newest `count` records, here and everywhere. */
  keep(count: number): void {
    this.#log.truncate({ keep: count });
  }

  /** Everything that fits, oldest first, and how many records do not. */
  read(): { readonly records: readonly ExperienceRecord[]; readonly malformed: number } {
    const records: ExperienceRecord[] = [];
    let malformed = 0;
    for (const { value } of this.#log.entries()) {
      if (isExperience(value)) records.push(value);
      else malformed++;
    }
    return { records, malformed };
  }
}

/** What `agent` came to with work of `kind`. */
export function outcomesOf(
  records: readonly ExperienceRecord[],
  agent: string,
  kind: string,
  { window = WINDOW }: ExperienceOptions = {},
): Outcomes {
  return summed(newest(records, window, (record) => record.agent === agent && record.kind === kind));
}

/** How long work of `kind` takes anybody: the median of the newest successes; `fallbackMs` without any. */
export function estimatedDurationMs(
  records: readonly ExperienceRecord[],
  kind: string,
  fallbackMs: number,
  { window = WINDOW }: ExperienceOptions = {},
): number {
  return summed(newest(records, window, (record) => record.kind === kind)).durationMs ?? fallbackMs;
}

/** Levels from what `agent` declares and what it did, in thousandths. Skills it never declared start from nothing. */
export function learnedSkills(
  records: readonly ExperienceRecord[],
  agent: string,
  declared: Readonly<Record<string, number>>,
  { window = WINDOW, priorTries = PRIOR_TRIES }: ExperienceOptions = {},
): Record<string, number> {
  const used = records.filter((record) => record.agent === agent).flatMap(({ skills }) => skills);
  const names = [...new Set([...Object.keys(declared), ...used])].sort();
  const levels = names.map((skill): [string, number] => {
    const { tries, successes } = summed(
      newest(records, window, (record) => record.agent === agent && record.skills.includes(skill)),
    );
    const prior = Object.hasOwn(declared, skill) ? Math.round(declared[skill]! * 1_000) : 0;
    const level = Math.round((prior * priorTries + 1_000 * successes) / Math.max(1, priorTries + tries));
    return [skill, level / 1_000];
  });
  return Object.fromEntries(levels);
}

function newest(
  records: readonly ExperienceRecord[],
  window: number,
  belongs: (record: ExperienceRecord) => boolean,
): ExperienceRecord[] {
  const found: ExperienceRecord[] = [];
  for (let index = records.length - 1; index >= 0 && found.length < window; index--) {
    if (belongs(records[index]!)) found.push(records[index]!);
  }
  return found;
}

function summed(records: readonly ExperienceRecord[]): Outcomes {
  const durations = records.filter(({ succeeded }) => succeeded).map(({ durationMs }) => durationMs);
  const counts = { tries: records.length, successes: durations.length };
  if (durations.length === 0) return counts;
  durations.sort((left, right) => left - right);
  const middle = durations.length >> 1;
  const isOdd = durations.length % 2 === 1;
  const median = isOdd ? durations[middle]! : (durations[middle - 1]! + durations[middle]!) / 2;
  return { ...counts, durationMs: Math.round(median) };
}

function isExperience(value: unknown): value is ExperienceRecord {
  if (typeof value !== "object" || value === null) return false;
  const { agent, kind, skills, succeeded, durationMs, note } = value as { [name: string]: unknown };
  if (typeof agent !== "string" || typeof kind !== "string" || typeof succeeded !== "boolean") return false;
  if (!Array.isArray(skills) || !skills.every((skill) => typeof skill === "string")) return false;
  if (typeof durationMs !== "number" || !(durationMs >= 0 && durationMs <= DURATION_MS_MAX)) return false;
  return note === undefined || typeof note === "string";
}
