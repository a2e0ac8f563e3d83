// Options that say whose memory a command works on; command-scope.ts reads them.

import { type Command, InvalidArgumentError } from "commander";

export interface ScopeOptions {
  readonly tenant?: string;
  readonly user?: string;
  readonly agent?: string;
  readonly run?: string;
}

export function withScope(command: Command): Command {
  return command
    .option("--tenant <name>", 'whose users these are (default: "default")', namePart)
    .option("--user <name>", "whom it is about", namePart)
    .option("--agent <name>", "which agent", namePart)
    .option("--run <name>", "which run of the agent", namePart);
}

function namePart(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("Give a name that is not empty.");
}
