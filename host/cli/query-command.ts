// `jarvis query`: what a series holds, of a stored replica or a relay, as a table with small plots, as windows, as points,
// as CSV or as JSON. Nothing is changed by looking (read-replica.ts). Times are written in UTC. A retention by
// points is its owner's view and stands nowhere in the data: that of a fleet's measurements is known here, others are said
// by --keep; without, up to twice as many points may show.

import { writeFile } from "node:fs/promises";
import { CrdtError } from "../errors.ts";
import { METRICS_RETENTION, PRESENCE_DOCUMENT } from "../fleet/schema.ts";
import { type Aggregate, type SeriesHandle, schema, series } from "../index.ts";
import type { ClientAccess } from "./access-options.ts";
import { plotRows } from "./plot.ts";
import { matchLabels, readTime } from "./query-arguments.ts";
import { type ReplicaReader, readReplica } from "./read-replica.ts";
import { type Terminal, table } from "./terminal.ts";

/** What a summary or a window says unless asked otherwise. */
const AGGREGATES_DEFAULT: readonly Aggregate[] = ["count", "mean", "min", "max", "last"];
/** Characters of a plot. */
const PLOT_COLUMNS = 48;
const PLOT_ROWS = 6;

export interface QueryCommandOptions extends ClientAccess {
  readonly document?: readonly string[];
  readonly label?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly window?: number;
  readonly last?: number;
  readonly keep?: number;
  readonly aggregate?: readonly Aggregate[];
  readonly plot: boolean;
  readonly csv?: string;
}

/** What is asked of a series, with nothing left open. */
interface Question {
  readonly labels: readonly string[];
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly aggregates: readonly Aggregate[];
  readonly windowMs: number | undefined;
  readonly last: number | undefined;
}

/** The answer: rows to write as they are, and what the same is as JSON. */
interface Answer {
  readonly kind: "summaries" | "windows" | "points";
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export async function queryCommand(
  name: string,
  where: string,
  options: QueryCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const nowMs = Date.now();
  const from = checkedTime(options.from, "--from", nowMs);
  const to = checkedTime(options.to, "--to", nowMs);
  if (options.window !== undefined && options.last !== undefined) {
    throw new CrdtError("invalid-option", "--last gives points and --window windows: give one of them.");
  }
  await readReplica(where, options, async (reader) => {
    const { document, handle } = await findSeries(name, reader, options);
    const question: Question = {
      labels: matchLabels(handle.labels(), options.label),
      from,
      to,
      aggregates: options.aggregate ?? AGGREGATES_DEFAULT,
      windowMs: options.window,
      last: options.last,
    };
    const answer = answerOf(handle, question, options.csv !== undefined);
    terminal.result({ where, document, series: name, ...objectOf(answer) });
    if (options.csv === undefined) say(handle, question, answer, options.plot, terminal);
    else await writeCsv(options.csv, answer, terminal);
  });
  return 0;
}

function checkedTime(text: string | undefined, option: string, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const timeMs = readTime(text, nowMs);
  if (timeMs !== undefined) return timeMs;
  throw new CrdtError(
    "invalid-option",
    `${option} "${text}" is no time: give a span before now such as 5m, a date such as 2026-01-31T12:00:00Z, or milliseconds since 1970.`,
  );
}

async function findSeries(
  name: string,
  { documentNames, open }: ReplicaReader,
  { document: documents, keep }: QueryCommandOptions,
): Promise<{ document: string; handle: SeriesHandle }> {
  const known: string[] = [];
  for (const document of documents ?? (await documentNames())) {
    const containers = (await open(document, schema({}))).containers();
    const all = containers.filter(({ type }) => type === "series").map((container) => container.name);
    if (all.includes(name)) {
      const points = keep ?? retentionOf(document, name);
      const opened = await open(
        document,
        schema({ [name]: series(points === undefined ? {} : { retain: { points } }) }),
      );
      return { document, handle: opened[name] as SeriesHandle };
    }
    known.push(...all.map((other) => `${other} in ${document}`));
  }
  const others = known.length === 0 ? "there is none at all" : `there is ${known.join(", ")}`;
  throw new CrdtError(
    "invalid-option",
    `There is no series "${name}": ${others}; --document says where to look.`,
  );
}

/** How many points of a label the owner's view keeps, where that is known. */
const retentionOf = (document: string, name: string): number | undefined =>
  document === PRESENCE_DOCUMENT && name === "metrics" ? METRICS_RETENTION.points : undefined;

/** A file of a summary would leave out what is asked for: without --window it is given the points. */
function answerOf(handle: SeriesHandle, question: Question, isForFile: boolean): Answer {
  if (question.windowMs !== undefined) return windowsOf(handle, question, question.windowMs);
  return question.last !== undefined || isForFile
    ? pointsOf(handle, question)
    : summariesOf(handle, question);
}

function pointsOf(handle: SeriesHandle, { labels, from, to, last }: Question): Answer {
  const rows = labels.flatMap((label) => {
    const { times, values } = handle.range(label, { from, to, ...(last === undefined ? {} : { last }) });
    return Array.from(times, (time, index) => [label, time, values[index]!]);
  });
  return { kind: "points", columns: ["label", "time", "value"], rows };
}

function windowsOf(
  handle: SeriesHandle,
  { labels, from, to, aggregates }: Question,
  widthMs: number,
): Answer {
  const rows = handle.windows({ labels, from, to, widthMs, aggregates }).flatMap((windows) => {
    const columns = aggregates.map((name) => windows[name]);
    return Array.from(windows.starts, (start, index) => [
      windows.group,
      start,
      ...columns.map((column) => column[index]!),
    ]);
  });
  return { kind: "windows", columns: ["label", "start", ...aggregates], rows };
}

function summariesOf(handle: SeriesHandle, { labels, from, to, aggregates }: Question): Answer {
  const rows = labels.map((label) => {
    const summary = handle.aggregate({ labels: [label], from, to });
    return [label, ...aggregates.map((name) => summary[name] ?? null)];
  });
  return { kind: "summaries", columns: ["label", ...aggregates], rows };
}

function objectOf({ kind, columns, rows }: Answer): Record<string, unknown> {
  return { [kind]: rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]]))) };
}

function say(
  handle: SeriesHandle,
  question: Question,
  answer: Answer,
  isPlotted: boolean,
  terminal: Terminal,
): void {
  const isTime = answer.columns.map((name) => name === "time" || name === "start");
  const rows = answer.rows.map((row) => row.map((cell, index) => cellOf(cell, isTime[index] === true)));
  if (answer.kind !== "summaries" || isPlotted) {
    for (const line of table([answer.columns, ...rows])) terminal.line(line);
    if (isPlotted) for (const label of question.labels) plot(handle, question, label, terminal);
    return;
  }
  const lines = rows.map((row, index) => [
    ...row,
    plotRows(shapeOf(handle, question, question.labels[index]!))[0]!,
  ]);
  for (const line of table([[...answer.columns, "over time"], ...lines])) terminal.line(line);
}

function plot(handle: SeriesHandle, question: Question, label: string, terminal: Terminal): void {
  const { from, to } = question;
  const { min, max, count } = handle.aggregate({ labels: [label], from, to });
  if (count === 0) return;
  const rows = plotRows(shapeOf(handle, question, label), PLOT_ROWS);
  const marks = rows.map((_, row) =>
    row === 0 ? numberOf(max!) : row === PLOT_ROWS - 1 ? numberOf(min!) : "",
  );
  const width = Math.max(...marks.map((mark) => mark.length));
  terminal.line(`\n${label}`);
  for (const [row, blocks] of rows.entries()) terminal.line(`${marks[row]!.padStart(width)} ┤${blocks}`);
  const { times } = handle.range(label, { from, to });
  terminal.line(`${" ".repeat(width)}  ${timeOf(times[0]!)} to ${timeOf(times.at(-1)!)}`);
}

/** The means of as many windows as a plot has columns. */
function shapeOf(handle: SeriesHandle, { from, to }: Question, label: string): readonly (number | null)[] {
  const first = handle.range(label, { from, to }).times[0];
  const last = handle.range(label, { from, to, last: 1 }).times[0];
  if (first === undefined || last === undefined) return [];
  const widthMs = Math.ceil((last - first + 1) / PLOT_COLUMNS);
  const [windows] = handle.windows({
    labels: [label],
    from: first,
    to: last,
    widthMs,
    origin: first,
    aggregates: ["mean"],
    fill: "null",
  });
  return windows?.mean ?? [];
}

async function writeCsv(file: string, { columns, rows }: Answer, terminal: Terminal): Promise<void> {
  const lines = [columns, ...rows].map((row) => row.map(fieldOf).join(","));
  try {
    await writeFile(file, `${lines.join("\n")}\n`);
  } catch (error) {
    throw new CrdtError(
      "invalid-option",
      `--csv "${file}" cannot be written: give a file in a folder that is there.`,
      { cause: error },
    );
  }
  terminal.line(`${rows.length} rows in ${file}`);
}

/** Quoted where it must be (RFC 4180). */
function fieldOf(cell: string | number | null): string {
  const text = String(cell ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function cellOf(cell: string | number | null, isTime: boolean): string {
  if (cell === null) return "";
  if (typeof cell === "string") return cell;
  return isTime ? timeOf(cell) : numberOf(cell);
}

function timeOf(timeMs: number): string {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : String(timeMs);
}

const READABLE = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

function numberOf(value: number): string {
  return value !== 0 && Math.abs(value) < 0.001 ? value.toPrecision(3) : READABLE.format(value);
}
