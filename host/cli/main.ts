#!/usr/bin/env node
// The command line `jarvis`. Parses, runs one command (commands.ts), and turns what goes wrong into one line and an exit
// status: 0 done, 1 failed, 2 called wrongly, 130 interrupted.

import { CommanderError } from "commander";
import { CrdtError, isCrdtError } from "../errors.ts";
import { createProgram } from "./commands.ts";

/** Runs the command line with these arguments and gives the exit status. */
export async function main(words: readonly string[]): Promise<number> {
  let status = 0;
  const program = createProgram((result) => {
    status = result;
  });
  try {
    await program.parseAsync(words, { from: "user" });
    return status;
  } catch (error) {
    return fail(error);
  }
}

function fail(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    const isHelp = error.code === "commander.help";
    if (!isHelp)
      process.stderr.write(`error invalid-option: ${message}; jarvis --help shows how it is called\n`);
    return 2;
  }
  if (error instanceof CrdtError) {
    process.stderr.write(`error ${error.code}: ${error.message}\n`);
    return isCrdtError(error, "invalid-option") ? 2 : 1;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`error unexpected: ${detail}\n`);
  return 1;
}

process.exitCode = await main(process.argv.slice(2));
