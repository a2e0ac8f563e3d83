// `jarvis agent`: one reader of a fleet, started by `jarvis start` or by hand.

import { type AgentEvent, runAgent } from "../fleet/fleet-agent.ts";
import { formatCount } from "../fleet/format.ts";
import { GENERALIST, type Skills } from "../fleet/skills.ts";
import { type ClientAccess, connectOptionsOf } from "./access-options.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Terminal } from "./terminal.ts";

export interface AgentCommandOptions extends ClientAccess {
  readonly name?: string;
  readonly data?: string;
  readonly skills?: Partial<Skills>;
  readonly engine: "auto" | "wasm" | "baseline";
}

export async function agentCommand(
  url: string,
  options: AgentCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const name = options.name ?? `agent-${process.pid}`;
  const onEvent = (event: AgentEvent) => {
    terminal.result(event);
    terminal.line(describe(event));
  };
  await runAgent({
    url,
    access: await connectOptionsOf(options),
    name,
    skills: { ...GENERALIST, ...options.skills },
    storage: options.data,
    engine: options.engine,
    onEvent,
    onTrouble: (text) => terminal.news(text),
    signal: untilInterrupted(),
  });
  return 0;
}

function describe(event: AgentEvent): string {
  if (event.event === "joined") {
    return `${event.name} joined as replica ${event.replica} (process ${event.pid}, ${event.engine} engine); Ctrl-C leaves`;
  }
  const read = `read ${formatCount(event.files)} files`;
  return `${event.name} ${event.event === "finished" ? "finished" : "left"}: ${read}, digest ${event.digest}`;
}
