// `jarvis submit`: one task for a fleet, through its relay. Who submits takes part for that long: the care for the task
// goes to others as it leaves.

import { setTimeout as rest } from "node:timers/promises";
import { joinFleet, type Priority, type TaskMode } from "../agents/index.ts";
import { CrdtError } from "../errors.ts";
import { TASKS_DOCUMENT } from "../fleet/schema.ts";
import { createReplica, type Value } from "../index.ts";
import { type ClientAccess, connectOptionsOf } from "./access-options.ts";
import type { Terminal } from "./terminal.ts";

export interface SubmitCommandOptions extends ClientAccess {
  readonly document?: string;
  readonly input?: string;
  readonly priority: Priority;
  readonly mode: TaskMode;
  readonly key?: string;
  readonly wait?: number;
}

export async function submitCommand(
  url: string,
  kind: string,
  options: SubmitCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const { priority, mode, key, wait } = options;
  const input = options.input === undefined ? {} : { input: inputOf(options.input) };
  const replica = await createReplica({});
  try {
    const connection = await replica.connect(url, await connectOptionsOf(options));
    const fleet = await joinFleet(replica, { document: options.document ?? TASKS_DOCUMENT, trail: false });
    await connection.synced();
    const id = fleet.submit({ kind, priority, mode, ...(key === undefined ? {} : { key }), ...input });
    await connection.synced();
    const ended = wait === undefined ? undefined : await Promise.race([fleet.settled(id), rest(wait)]);
    const report = ended ?? fleet.task(id)!;
    await fleet.leave();
    await connection.synced();
    terminal.result(report);
    terminal.line(`task ${id}: ${report.status}${report.agent === undefined ? "" : ` by ${report.agent}`}`);
    if (report.error !== undefined) terminal.line(`  ${report.error}`);
    if (report.result !== undefined) terminal.line(JSON.stringify(report.result));
    return wait === undefined || report.status === "done" ? 0 : 1;
  } finally {
    await replica.close();
  }
}

function inputOf(text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    throw new CrdtError("invalid-option", `--input ${text}: give JSON, such as '{"path":"a.md"}'`, {
      cause: error,
    });
  }
}
