// What people write for times, spans and labels on the command line, as numbers and names.

import { CrdtError } from "../errors.ts";

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SPAN = /^(\d+)(ms|s|m|h|d)$/;
/** Labels named in a message. */
const LABELS_SHOWN = 12;

/** "500ms", "10s", "5m", "2h", "1d" → milliseconds, at least 1; undefined for anything else. */
export function readSpan(text: string): number | undefined {
  const [, count = "", unit = ""] = SPAN.exec(text) ?? [];
  const spanMs = Number(count) * (UNITS_MS[unit] ?? 0);
  return spanMs >= 1 && Number.isSafeInteger(spanMs) ? spanMs : undefined;
}

/** A span, such as "5m", is so long before `nowMs`; else whole milliseconds since 1970, or a date as ISO 8601 has it. */
export function readTime(text: string, nowMs: number): number | undefined {
  const spanMs = readSpan(text);
  if (spanMs !== undefined) return nowMs - spanMs;
  const timeMs = /^-?\d{5,}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isSafeInteger(timeMs) ? timeMs : undefined;
}

/** Those of `labels` that fit a pattern, where * stands for anything; all where there is no pattern. */
export function matchLabels(
  labels: readonly string[],
  patterns: readonly string[] | undefined,
): readonly string[] {
  if (patterns === undefined) return labels;
  const matched = new Set<string>();
  for (const pattern of patterns) {
    const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    const expression = new RegExp(`^${parts.join(".*")}$`, "su");
    const fitting = labels.filter((label) => expression.test(label));
    if (fitting.length === 0) throw noLabel(pattern, labels);
    for (const label of fitting) matched.add(label);
  }
  return labels.filter((label) => matched.has(label));
}

function noLabel(pattern: string, labels: readonly string[]): CrdtError {
  const shown = labels.slice(0, LABELS_SHOWN).join(", ");
  const more = labels.length > LABELS_SHOWN ? ` and ${labels.length - LABELS_SHOWN} more` : "";
  const known = labels.length === 0 ? "there are no points yet" : `there are ${shown}${more}`;
  return new CrdtError("invalid-option", `no label fits "${pattern}": ${known}; * stands for anything.`);
}
