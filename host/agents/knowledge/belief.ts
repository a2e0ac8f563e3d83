// What statements of several agents come to. Those for one value support it together (each leaves as much doubt as it
// admits: 1 − Π(1 − confidence × trust)); supports of different values are weighed against each other by Dempster's
// rule for simple support functions (Shafer 1976), so a conflict lowers the confidence of all. Sources are taken for
// independent: two agents that copied one page count twice, unless they name the same evidence. Products run in
// canonical order, so replicas agree to the bit.
import { canonicalText } from "../assignment/canonical-text.ts";

/** What one agent says about something. */
export interface Statement<Value = unknown> {
  readonly agent: string;
  readonly value: Value;
  /** How sure it is, 0 to 1. */
  readonly confidence: number;
  /** What it rests on: addresses, task ids, other facts. */
  readonly evidence: readonly string[];
  readonly atMs: number;
}

export interface Support<Value = unknown> {
  readonly value: Value;
  /** Share of all belief, 0 to 1; what is left to 1 is doubt. */
  readonly confidence: number;
  /** Ascending by agent. */
  readonly statements: readonly Statement<Value>[];
}

export interface Belief<Value = unknown> extends Support<Value> {
  /** Other values that are claimed, most confident first. */
  readonly rivals: readonly Support<Value>[];
}

/** Nobody is believed blindly: certainty would make any conflict undecidable. */
const CONFIDENCE_MAX = 0.999;

/** The value most believed, of equals the least by canonical text; undefined without statements. */
export function believe<Value>(
  statements: Iterable<Statement<Value>>,
  trustOf: (agent: string) => number = () => 1,
): Belief<Value> | undefined {
  const groups = groupsOf(statements, trustOf);
  let doubt = 1;
  for (const { support } of groups) doubt *= 1 - support;
  const masses = groups.map(({ support }) => (support * doubt) / (1 - support));
  let all = doubt;
  for (const mass of masses) all += mass;
  const supports = groups
    .map(({ statements: held }, index) => ({
      value: held[0]!.value,
      confidence: masses[index]! / all,
      statements: held,
    }))
    .sort((left, right) => right.confidence - left.confidence);
  const [first, ...rivals] = supports;
  return first === undefined ? undefined : { ...first, rivals };
}

interface Group<Value> {
  readonly statements: Statement<Value>[];
  readonly support: number;
}

/** Statements by value, ascending by its text. */
function groupsOf<Value>(
  statements: Iterable<Statement<Value>>,
  trustOf: (agent: string) => number,
): Group<Value>[] {
  const byText = new Map<string, Statement<Value>[]>();
  for (const statement of statements) {
    const text = canonicalText(statement.value);
    const held = byText.get(text);
    if (held === undefined) byText.set(text, [statement]);
    else held.push(statement);
  }
  return [...byText]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, held]) => {
      held.sort((left, right) => (left.agent < right.agent ? -1 : 1));
      return { statements: held, support: supportOf(held, trustOf) };
    });
}

/** Of statements that name the same evidence the strongest counts: they are one source. */
function supportOf<Value>(
  statements: readonly Statement<Value>[],
  trustOf: (agent: string) => number,
): number {
  const strongest = new Map<string, number>();
  for (const { agent, confidence, evidence } of statements) {
    const source =
      evidence.length === 0 ? `agent ${agent}` : `evidence ${canonicalText([...evidence].sort())}`;
    const weight = Math.min(CONFIDENCE_MAX, confidence * within(trustOf(agent)));
    strongest.set(source, Math.max(strongest.get(source) ?? 0, weight));
  }
  let doubt = 1;
  for (const [, weight] of [...strongest].sort(([left], [right]) => (left < right ? -1 : 1))) {
    doubt *= 1 - weight;
  }
  return Math.min(CONFIDENCE_MAX, 1 - doubt);
}

function within(trust: number): number {
  return trust >= 0 && trust <= 1 ? trust : 0;
}
