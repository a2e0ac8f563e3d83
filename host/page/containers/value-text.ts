// Stored values as one line of text for people: close to JSON, bytes by their number, cut where it gets long.

/** Characters after which a value is cut. */
const VALUE_TEXT_MAX = 240;

/** A text stands for itself; everything else as JSON would have it. */
export function valueText(value: unknown, most: number = VALUE_TEXT_MAX): string {
  const text = typeof value === "string" ? value : nestedText(value, most);
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function nestedText(value: unknown, most: number): string {
  if (value instanceof Uint8Array) return value.length === 1 ? "1 byte" : `${value.length} bytes`;
  if (typeof value === "string") return JSON.stringify(value.length > most ? value.slice(0, most) : value);
  if (typeof value === "bigint") return `${value}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (Array.isArray(value)) return `[${joined(value, most, (item) => nestedText(item, most))}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const parts = Object.entries(value);
  return `{${joined(parts, most, ([name, part]) => `${name}: ${nestedText(part, most)}`)}}`;
}

/** Stops where enough is said: a value may be megabytes. */
function joined<Item>(items: readonly Item[], most: number, text: (item: Item) => string): string {
  let all = "";
  for (const item of items) {
    if (all.length > most) return all;
    all += `${all === "" ? "" : ", "}${text(item)}`;
  }
  return all;
}

/** The fields of a plain object; undefined where the value is none. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isRecord =
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  return isRecord ? (value as Record<string, unknown>) : undefined;
}

/** 14:03:59; with the day before it where that is not today. */
export function timeText(timeMs: number, nowMs: number): string {
  const time = new Date(timeMs);
  const clock = time.toLocaleTimeString("en-GB");
  const isToday = time.toDateString() === new Date(nowMs).toDateString();
  return isToday ? clock : `${time.toLocaleDateString("en-GB")} ${clock}`;
}
