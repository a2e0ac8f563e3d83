// Puts a view onto the page. Each part writes only what differs from what is shown.

import { formatBytes, formatCount } from "../fleet/format.ts";
import { element, KeyedChildren, make, setAttribute, setText } from "./elements.ts";
import type { ContributionRow, LogRow, ReplicaRow, Tone, View } from "./view-model.ts";

/** Returns the function that shows a view. */
export function createViews(): (view: View) => void {
  const replicas = new KeyedChildren<ReplicaRow>(
    element("replicas"),
    () => tableRow(7, [2, 3, 4]),
    showReplica,
  );
  const links = new KeyedChildren<ReplicaRow>(element("links"), () => tableRow(5, [1, 2, 3, 4]), showLink);
  const contributions = new KeyedChildren<ContributionRow>(
    element("contributions"),
    makeContribution,
    showContribution,
  );
  const log = new KeyedChildren<LogRow>(element("history"), makeLogRow, showLogRow);
  return (view) => {
    showJob(view);
    showTotals(view);
    replicas.show(view.replicas.map((row) => [row.id, row]));
    links.show(view.replicas.filter(hasLink).map((row) => [row.id, row]));
    contributions.show(view.contributions.map((row) => [row.id, row]));
    log.show(view.log.map((row) => [row.id, row]));
    const present = view.replicas.filter((row) => row.isHere).length;
    setText(element("replicas-count"), `${present} here`);
    setText(element("history-count"), `latest first, ${formatCount(view.logSize)} in all`);
  };
}

const PHASES = { gathering: "gathering agents", reading: "reading", finished: "finished" } as const;

function showJob({ job, doAgree, filesDone, filesTotal }: View): void {
  setText(element("folder"), job?.folder ?? "");
  chip(
    "phase",
    job === undefined ? "no job yet" : PHASES[job.phase],
    job?.phase === "finished" ? "good" : "plain",
  );
  if (doAgree === undefined) chip("agreement", "digests compared at the end", "plain");
  else if (doAgree) chip("agreement", "all digests equal", "good");
  else chip("agreement", "comparing digests", "warning");
  const percent = filesTotal === 0 ? 0 : Math.floor((100 * filesDone) / filesTotal);
  setAttribute(element("progress"), "max", String(Math.max(1, filesTotal)));
  setAttribute(element("progress"), "value", String(filesDone));
  setText(
    element("progress-text"),
    filesTotal === 0
      ? "nothing to read"
      : `${formatCount(filesDone)} of ${formatCount(filesTotal)} files · ${percent} %`,
  );
  document.title = filesTotal === 0 ? "jarvis fleet" : `${percent} % · jarvis fleet`;
}

function showTotals({ totals }: View): void {
  setText(element("total-files"), formatCount(totals.files));
  setText(element("total-bytes"), formatCount(totals.bytes));
  setText(element("total-words"), formatCount(totals.words));
  setText(element("total-passages"), formatCount(totals.passages));
  setText(element("total-terms"), formatCount(totals.terms));
}

/** Sets a chip's text and tone. */
export function chip(id: string, text: string, tone: Tone): void {
  setText(element(id), text);
  setAttribute(element(id), "data-tone", tone);
}

function tableRow(columns: number, numbers: readonly number[]): HTMLElement {
  const row = make("tr");
  for (let column = 0; column < columns; column++) {
    const cell = make(column === 0 ? "th" : "td", numbers.includes(column) ? "number" : "");
    if (column === 0) cell.setAttribute("scope", "row");
    row.append(cell);
  }
  return row;
}

function showCells(row: HTMLElement, texts: readonly string[]): void {
  texts.forEach((text, column) => {
    const cell = row.children[column];
    if (cell !== undefined) setText(cell, text);
  });
}

const AGREEMENT_MARKS = { equal: "= ", different: "≠ ", unknown: "" } as const;

function showReplica(row: HTMLElement, replica: ReplicaRow): void {
  const { presence, isGone, isSelf, state, tone, behind, agreement } = replica;
  setAttribute(row, "class", `${isSelf ? "is-self" : ""} ${isGone ? "is-gone" : ""}`);
  const stateCell = row.children[1];
  if (stateCell !== undefined) showState(stateCell, state, tone);
  const digest = presence.digest === "" ? "–" : `${AGREEMENT_MARKS[agreement]}${presence.digest}`;
  const texts = [presence.pid === 0 ? "–" : String(presence.pid), formatCount(presence.sequence)];
  texts.push(isGone ? "–" : formatCount(behind), presence.engine, digest);
  showCells(row, [presence.name]);
  texts.forEach((text, index) => {
    const cell = row.children[index + 2];
    if (cell !== undefined) setText(cell, text);
  });
  const last = row.lastElementChild;
  if (last !== null) setAttribute(last, "class", "code");
}

function showState(cell: Element, state: string, tone: Tone): void {
  const label = cell.firstElementChild ?? cell.appendChild(make("span", "state"));
  setText(label, state);
  setAttribute(label, "data-tone", tone);
}

function hasLink({ presence, isGone }: ReplicaRow): boolean {
  return !isGone && presence.role !== "coordinator";
}

function showLink(row: HTMLElement, { presence, isSelf }: ReplicaRow): void {
  setAttribute(row, "class", isSelf ? "is-self" : "");
  const roundTrip = presence.roundTripMs === 0 ? "–" : `${presence.roundTripMs.toFixed(1)} ms`;
  showCells(row, [
    presence.name,
    roundTrip,
    formatBytes(presence.bytesSent),
    formatBytes(presence.bytesReceived),
    formatCount(presence.lag),
  ]);
}

function makeContribution(): HTMLElement {
  const row = tableRow(4, [1, 2]);
  const cell = row.children[3];
  cell?.classList.add("bar");
  cell?.append(make("span"));
  return row;
}

function showContribution(row: HTMLElement, { name, files, words, share }: ContributionRow): void {
  showCells(row, [name, formatCount(files), formatCount(words)]);
  const bar = row.querySelector<HTMLElement>(".bar span");
  const width = `${(100 * share).toFixed(1)}%`;
  if (bar !== null && bar.style.width !== width) bar.style.width = width;
}

function makeLogRow(): HTMLElement {
  return make("li", "", make("time"), make("span", "who"), make("span", "what"), make("span", "amount"));
}

function showLogRow(row: HTMLElement, { timeMs, who, text, amount, tone }: LogRow): void {
  if (row.dataset.tone !== undefined) return;
  row.dataset.tone = tone;
  const time = new Date(timeMs);
  row.children[0]?.setAttribute("datetime", time.toISOString());
  row.children[2]?.setAttribute("title", text);
  const words = amount === undefined ? "" : `${amount < 0 ? "−" : ""}${formatCount(Math.abs(amount))} words`;
  showCells(row, [time.toLocaleTimeString("en-GB"), who, text, words]);
}
