// Checks that the readers of records share. Records come from any version of any peer.
import { AGENT_NAME_LENGTH_MAX, AGENT_SKILLS_MAX } from "../../limits.ts";

export const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** A name: some characters without blanks, since keys are parts with blanks between them. */
export const isName = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= AGENT_NAME_LENGTH_MAX && !/\s/.test(value);

export const isNames = (value: unknown, most: number): value is readonly string[] =>
  Array.isArray(value) && value.length <= most && value.every(isName);

export const isTime = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;

export const isCount = (value: unknown, most = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;

/** Numbers by name, each finite and from 0; none is fine. */
export function isLevels(value: unknown): value is Readonly<Record<string, number>> | undefined {
  if (value === undefined) return true;
  if (!isFields(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= AGENT_SKILLS_MAX && entries.every(([name, level]) => isName(name) && isTime(level))
  );
}

/** The three parts of `key`: a task (or seat), an epoch, and the replica that wrote; undefined where it has others. */
export function readRunKey(key: string): { task: string; epoch: number; replica: string } | undefined {
  const [task, epoch, replica, more] = key.split(" ");
  const number = Number(epoch);
  if (!isName(task) || !isName(replica) || more !== undefined || !isCount(number) || number === 0)
    return undefined;
  return { task, epoch: number, replica };
}

export const runKey = (task: string, epoch: number, replica: string): string => `${task} ${epoch} ${replica}`;
