// What a workflow may do: states, and transitions between them with guards, roles, timeouts and compensations. The
// definition is data, checked when the schema is made and again when it comes out of the log, where each instance
// names the one it was started under by its fingerprint. Checks cost its size once.
import { CrdtError, isCrdtError } from "../../errors.ts";
import { WORKFLOW_STATES_MAX, WORKFLOW_TRANSITIONS_MAX } from "../../limits.ts";
import { decodeValue, encodeValue } from "../../wire/value-codec.ts";
import { xxhash32 } from "../../wire/xxhash32.ts";
import { checkGuard, type Guard } from "./guard.ts";

export interface WorkflowTransition {
  readonly name: string;
  readonly from: string | readonly string[];
  readonly to: string;
  /** What must hold of context and payload. */
  readonly guard?: Guard;
  /** Who may take it: a step names one of these roles. Absent: anybody. */
  readonly roles?: readonly string[];
  /** After so many milliseconds in a state it starts from, the instance may be expired to `timeoutTo`. */
  readonly timeoutMs?: number;
  readonly timeoutTo?: string;
  /** Whether a step needs a lease, and one not older than the last that was used. */
  readonly exclusive?: boolean;
  /** The name of what makes good a step that did not last. */
  readonly compensate?: string;
}

export interface WorkflowDefinition {
  readonly name: string;
  readonly states: readonly string[];
  readonly initial: string;
  readonly transitions: readonly WorkflowTransition[];
}

/** A checked transition; `from` is always a list. */
export interface CheckedTransition extends WorkflowTransition {
  readonly from: readonly string[];
}

/** A checked definition and what it is found by. */
export interface CheckedWorkflow {
  readonly name: string;
  readonly states: readonly string[];
  readonly initial: string;
  readonly transitions: readonly CheckedTransition[];
  /** 16 hexadecimal digits over the canonical encoding: equal definitions have equal ones everywhere. */
  readonly fingerprint: string;
}

/** The definition as what may be logged and followed; a copy. Errors: invalid-definition. */
export function checkWorkflow(definition: unknown): CheckedWorkflow {
  const { name, states, initial, transitions } = parts(definition, "the workflow", DEFINITION_PARTS);
  const checkedName = checkedText(name, "the workflow's name");
  const place = `workflow "${checkedName}"`;
  const checkedStates = checkedTexts(states, `${place}: states`, WORKFLOW_STATES_MAX);
  const known = (state: unknown, what: string): string => {
    if (typeof state === "string" && checkedStates.includes(state)) return state;
    throw faulty(`${place}: ${what} ${JSON.stringify(state)} is none of its states`);
  };
  if (!Array.isArray(transitions) || transitions.length > WORKFLOW_TRANSITIONS_MAX) {
    throw faulty(`${place}: transitions is no array of at most ${WORKFLOW_TRANSITIONS_MAX}`);
  }
  const checked = transitions.map((transition: unknown) => checkTransition(transition, place, known));
  refuseRepeated(
    checked.map((transition) => transition.name),
    `${place}: transition`,
  );
  const plain = {
    name: checkedName,
    states: checkedStates,
    initial: known(initial, "the initial state"),
    transitions: checked,
  };
  const bytes = encoded(plain, place);
  const copy = decodeValue(bytes) as unknown as Omit<CheckedWorkflow, "fingerprint">;
  return Object.freeze({ ...copy, fingerprint: fingerprintOf(bytes) });
}

/** What {@link checkWorkflow} accepts again and gives the same fingerprint for. */
export function workflowRecord({ fingerprint: _fingerprint, ...plain }: CheckedWorkflow): WorkflowDefinition {
  return plain;
}

const DEFINITION_PARTS = ["name", "states", "initial", "transitions"] as const;
const TRANSITION_PARTS = [
  "name",
  "from",
  "to",
  "guard",
  "roles",
  "timeoutMs",
  "timeoutTo",
  "exclusive",
  "compensate",
] as const;

function checkTransition(
  transition: unknown,
  workflow: string,
  known: (state: unknown, what: string) => string,
): CheckedTransition {
  const given = parts(transition, `a transition of ${workflow}`, TRANSITION_PARTS);
  const name = checkedText(given.name, `${workflow}: a transition's name`);
  const place = `${workflow}: transition "${name}"`;
  const sources = typeof given.from === "string" ? [given.from] : given.from;
  const from = checkedTexts(sources, `${place}: from`, WORKFLOW_STATES_MAX);
  for (const state of from) known(state, `transition "${name}" starts from`);
  const { guard, roles, exclusive, compensate } = given;
  if (guard !== undefined) checkGuard(guard, `${place}: guard`);
  if (exclusive !== undefined && typeof exclusive !== "boolean") {
    throw faulty(`${place}: exclusive is ${JSON.stringify(exclusive)}; give true or false`);
  }
  return {
    name,
    from,
    to: known(given.to, `transition "${name}" leads to`),
    ...(guard === undefined ? {} : { guard }),
    ...(roles === undefined ? {} : { roles: checkedTexts(roles, `${place}: roles`, WORKFLOW_STATES_MAX) }),
    ...checkTimeout(given.timeoutMs, given.timeoutTo, place, (state) =>
      known(state, `transition "${name}" times out to`),
    ),
    ...(exclusive === true ? { exclusive } : {}),
    ...(compensate === undefined ? {} : { compensate: checkedText(compensate, `${place}: compensate`) }),
  };
}

function checkTimeout(
  timeoutMs: unknown,
  timeoutTo: unknown,
  place: string,
  known: (state: unknown) => string,
): { readonly timeoutMs?: number; readonly timeoutTo?: string } {
  if (timeoutMs === undefined && timeoutTo === undefined) return {};
  if (!Number.isSafeInteger(timeoutMs) || (timeoutMs as number) < 1 || timeoutTo === undefined) {
    throw faulty(`${place}: a timeout is timeoutMs, an integer from 1, together with timeoutTo`);
  }
  return { timeoutMs: timeoutMs as number, timeoutTo: known(timeoutTo) };
}

/** The properties of `value` that are not undefined. An unknown one is most often a slip of the pen. */
function parts<Name extends string>(
  value: unknown,
  what: string,
  names: readonly Name[],
): Readonly<Partial<Record<Name, unknown>>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw faulty(`${what} is no object`);
  const unknownName = Object.keys(value).find((key) => !names.some((name) => name === key));
  if (unknownName === undefined) return value as Readonly<Partial<Record<Name, unknown>>>;
  throw faulty(`${what} has "${unknownName}", which means nothing; it takes ${names.join(", ")}`);
}

function checkedText(text: unknown, what: string): string {
  if (typeof text === "string" && text !== "") return text;
  throw faulty(`${what} is ${JSON.stringify(text)}; give a text that is not empty`);
}

function checkedTexts(texts: unknown, what: string, most: number): readonly string[] {
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > most) {
    throw faulty(`${what} is no list of 1 to ${most} names`);
  }
  const checked = texts.map((text: unknown) => checkedText(text, `${what}: a name`));
  refuseRepeated(checked, what);
  return checked;
}

function refuseRepeated(names: readonly string[], what: string): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw faulty(`${what} "${repeated}" stands there twice`);
}

function fingerprintOf(bytes: Uint8Array): string {
  return [1, 2].map((seed) => xxhash32(bytes, seed).toString(16).padStart(8, "0")).join("");
}

function encoded(plain: object, place: string): Uint8Array {
  try {
    return encodeValue(plain);
  } catch (error) {
    if (!isCrdtError(error, "invalid-value")) throw error;
    throw new CrdtError("invalid-definition", `${place}: ${error.message}`, { cause: error });
  }
}

function faulty(message: string): CrdtError {
  return new CrdtError("invalid-definition", message);
}
