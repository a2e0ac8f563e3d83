// What the commands of `jarvis` are called, take and show as help. Each lives in its own file, loaded when it is called.

import { Command, InvalidArgumentError, Option } from "commander";
import { PRIORITIES, TASK_MODES, TASK_STATUSES } from "../agents/index.ts";
import { TASKS_DOCUMENT } from "../fleet/schema.ts";
import { readSkills, type Skills } from "../fleet/skills.ts";
import { MEMORY_PAGE_MAX } from "../limits.ts";
import { withClientAccess, withDoorAccess } from "./access-options.ts";
import { packageVersion } from "./package-info.ts";
import { readSpan } from "./query-arguments.ts";
import { withScope } from "./scope-options.ts";
import { Terminal } from "./terminal.ts";

const AGENTS_MAX = 64;
const PORT_DEFAULT = 7070;

const engineOption = () =>
  new Option("--engine <engine>", "which engine to run")
    .choices(["auto", "wasm", "baseline"])
    .default("auto");
const portOption = () =>
  new Option(
    "--port <port>",
    "port of the page and the relay; where it is taken, the next free one; 0 for any",
  )
    .argParser(integer(0, 65535))
    .default(PORT_DEFAULT);
const hostOption = () =>
  new Option(
    "--host <address>",
    "address to listen on; beyond this machine only with --trust, --client-ca or --insecure",
  ).default("127.0.0.1");
const jsonOption = () => new Option("--json", "print results as JSON").default(false);

/** Takes the exit status of the command that ran. */
type Finish = (status: number) => void;

/** The command line, with all its commands. */
export function createProgram(finish: Finish): Command {
  const program = quiet(new Command("jarvis"))
    .description("One shared state for a fleet of agents: start one, join one, look into one.")
    .version(packageVersion, "--version", "print the version")
    .helpCommand(false);
  for (const add of [
    addStart,
    addServe,
    addAgent,
    addTasks,
    addExplain,
    addSubmit,
    addInspect,
    addQuery,
    addSearch,
    addImport,
    addMcp,
    addToken,
    addSimulate,
  ])
    add(program, finish);
  return program;
}

/** Errors are thrown; who runs the command says them. */
function quiet(command: Command): Command {
  return command
    .helpOption("--help", "print this help")
    .exitOverride()
    .configureOutput({ outputError: () => {} });
}

function command(program: Command, name: string, description: string, examples: readonly string[]): Command {
  return quiet(program.command(name))
    .description(description)
    .addHelpText("after", `\nExamples:\n${examples.map((example) => `  $ ${example}`).join("\n")}`);
}

function addStart(program: Command, finish: Finish): void {
  command(
    program,
    "start",
    "Read every text file below a folder with a fleet of agent processes that share one document, beside a relay and a " +
      "live page, which shows another document as /?document=NAME. Started again on the same data it resumes: only new and changed files are read.",
    [
      "jarvis start",
      "jarvis start --folder ~/notes --agents 8",
      "jarvis start --folder ~/notes --exit --json > outcome.json",
    ],
  )
    .option("--folder <path>", "what to read (default: the documentation and source of this package)")
    .addOption(new Option("--agents <count>", "agent processes").argParser(integer(1, AGENTS_MAX)).default(4))
    .addOption(portOption())
    .addOption(hostOption())
    .option("--data <folder>", "where replicas are stored (default: .jarvis/NAME-HASH of the folder read)")
    .option("--insecure", "listen beyond this machine although everybody may read and write", false)
    .option("--exit", "leave when done: status 0 only when all replicas agree and the totals match", false)
    .addOption(
      new Option("--pace <ms>", "milliseconds an agent rests after each file, to watch it work")
        .argParser(integer(0, 60_000))
        .default(0),
    )
    .addOption(engineOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { startCommand } = await import("./start-command.ts");
      finish(await startCommand(options, new Terminal(options)));
    });
}

function addServe(program: Command, finish: Finish): void {
  withDoorAccess(
    command(
      program,
      "serve",
      "Run the relay and the page alone. Agents and pages join it; it keeps and forwards what they share. The page shows " +
        "the fleet's document, or another as /?document=NAME.",
      [
        "jarvis serve",
        "jarvis serve --data ./relay --port 9000",
        "jarvis serve --host 0.0.0.0 --trust relay.key.public --tls-key tls.key --tls-cert tls.crt",
        "jarvis serve --data ./relay --backbone nats://10.0.0.5:4222",
      ],
    ),
  )
    .addOption(portOption())
    .addOption(hostOption())
    .option("--data <folder>", "where the relay stores its replica (default: in memory only)")
    .option(
      "--backbone <servers>",
      "share documents with the relays of other machines over NATS JetStream: nats://host:port, several with commas",
      natsServers,
    )
    .addOption(engineOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { serveCommand } = await import("./serve-command.ts");
      finish(await serveCommand(options, new Terminal(options)));
    });
}

function addAgent(program: Command, finish: Finish): void {
  withClientAccess(
    command(
      program,
      "agent",
      "Join the relay at URL and read files for whatever job its shared document holds.",
      [
        "jarvis agent ws://127.0.0.1:7070",
        "jarvis agent ws://127.0.0.1:7070 --name extra --data ./extra",
        "jarvis agent ws://127.0.0.1:7070 --skills code=1,prose=0.2",
        "jarvis agent wss://relay.example:7070 --token-file ./token",
      ],
    ),
  )
    .argument("<url>", "address of the relay", relayUrl)
    .option("--name <name>", "what others call it (default: agent-PID)")
    .option("--data <folder>", "where its replica is stored (default: in memory only)")
    .option(
      "--skills <levels>",
      "how good it is at prose, code and data, 0 to 1 (default: 0.7 each)",
      skillLevels,
    )
    .addOption(engineOption())
    .addOption(jsonOption())
    .action(async (url: string, options) => {
      const { agentCommand } = await import("./agent-command.ts");
      finish(await agentCommand(url, options, new Terminal(options)));
    });
}

const tasksDocumentOption = () =>
  new Option("--document <name>", "where the fleet keeps its tasks").default(TASKS_DOCUMENT);

function addTasks(program: Command, finish: Finish): void {
  withClientAccess(
    command(
      program,
      "tasks",
      "Show the agents and the tasks of a fleet: who does what, what waits, what was given up. Nothing is changed.",
      [
        "jarvis tasks ws://127.0.0.1:7070",
        "jarvis tasks ws://127.0.0.1:7070 --status running",
        "jarvis tasks .jarvis/notes-1a2b3c4d --json",
      ],
    ),
  )
    .argument("<where>", "a data folder, or the address of a relay")
    .addOption(new Option("--status <status>", "only tasks that stand so").choices(TASK_STATUSES))
    .addOption(
      new Option("--last <count>", "how many tasks to show").argParser(integer(1, 1_000_000)).default(40),
    )
    .addOption(tasksDocumentOption())
    .addOption(jsonOption())
    .action(async (where: string, options) => {
      const { tasksCommand } = await import("./tasks-command.ts");
      finish(await tasksCommand(where, options, new Terminal(options)));
    });
}

function addExplain(program: Command, finish: Finish): void {
  withClientAccess(
    command(
      program,
      "explain",
      "Say why a task goes to its agent, term by term of the score, or what keeps it from having one.",
      ["jarvis explain ws://127.0.0.1:7070 4f1c2ab09d3e-1"],
    ),
  )
    .argument("<where>", "a data folder, or the address of a relay")
    .argument("<task>", "its id, as jarvis tasks shows it")
    .addOption(tasksDocumentOption())
    .addOption(jsonOption())
    .action(async (where: string, task: string, options) => {
      const { explainCommand } = await import("./tasks-command.ts");
      finish(await explainCommand(where, task, options, new Terminal(options)));
    });
}

function addSubmit(program: Command, finish: Finish): void {
  withClientAccess(
    command(
      program,
      "submit",
      "Give the fleet behind a relay a task, and perhaps wait for its result: status 0 when it is done.",
      [
        `jarvis submit ws://127.0.0.1:7070 greet --input '{"name":"Ada"}'`,
        "jarvis submit ws://127.0.0.1:7070 tidy --priority background --wait 1m",
      ],
    ),
  )
    .argument("<url>", "address of the relay", relayUrl)
    .argument("<kind>", "what is to be done: agents say which kinds they do")
    .option("--input <json>", "what the agent is handed")
    .addOption(new Option("--priority <priority>", "how urgent").choices(PRIORITIES).default("normal"))
    .addOption(
      new Option("--mode <mode>", "what is promised about starting twice")
        .choices(TASK_MODES)
        .default("eventual"),
    )
    .option("--key <text>", "the same key gives the same task")
    .addOption(new Option("--wait <span>", "wait so long for it to end, such as 30s").argParser(span))
    .addOption(tasksDocumentOption())
    .addOption(jsonOption())
    .action(async (url: string, kind: string, options) => {
      const { submitCommand } = await import("./submit-command.ts");
      finish(await submitCommand(url, kind, options, new Terminal(options)));
    });
}

function addInspect(program: Command, finish: Finish): void {
  withClientAccess(
    command(
      program,
      "inspect",
      "Show the documents of a stored replica or of a relay: containers with type and size, entries, version vector, " +
        "digest. A folder is read without being changed.",
      ["jarvis inspect .jarvis/notes-1a2b3c4d", "jarvis inspect ws://127.0.0.1:7070 --document fleet --json"],
    ),
  )
    .argument("<where>", "a data folder, or the address of a relay")
    .option("--document <name...>", "only these documents (a relay: those of a fleet unless given)")
    .addOption(jsonOption())
    .action(async (where: string, options) => {
      const { inspectCommand } = await import("./inspect-command.ts");
      finish(await inspectCommand(where, options, new Terminal(options)));
    });
}

function addQuery(program: Command, finish: Finish): void {
  withClientAccess(
    command(
      program,
      "query",
      "Show what a series of a stored replica or of a relay holds: a summary a label with a small plot, the newest points, " +
        "or aggregates a window. A folder is read without being changed. Times are in UTC.",
      [
        "jarvis query metrics ws://127.0.0.1:7070",
        "jarvis query metrics ws://127.0.0.1:7070 --label '*/cpu' --window 10s --from 5m",
        "jarvis query metrics .jarvis/notes-1a2b3c4d --csv metrics.csv",
      ],
    ),
  )
    .argument("<series>", "name of the series")
    .argument("<where>", "a data folder, or the address of a relay")
    .option("--document <name...>", "look in these documents (a relay: those of a fleet unless given)")
    .option("--label <pattern...>", "only labels that fit; * stands for anything")
    .option("--from <time>", "from when: a span before now such as 5m, a date, or milliseconds since 1970")
    .option("--to <time>", "until when, inclusive")
    .addOption(
      new Option("--last <count>", "the newest points of each label").argParser(integer(1, 1_000_000)),
    )
    .addOption(new Option("--window <span>", "aggregate windows of this length, such as 10s").argParser(span))
    .addOption(
      new Option("--aggregate <name...>", "what to say (default: count mean min max last)").choices([
        "count",
        "sum",
        "mean",
        "min",
        "max",
        "first",
        "last",
        "variance",
      ]),
    )
    .addOption(
      new Option(
        "--keep <count>",
        "look at the newest points of each label alone, as the owner's retention does (measurements of a fleet: its own)",
      ).argParser(integer(1, 1_000_000_000)),
    )
    .option("--plot", "draw each label large", false)
    .option("--csv <file>", "write points, or windows, to a file instead")
    .addOption(jsonOption())
    .action(async (name: string, where: string, options) => {
      const { queryCommand } = await import("./query-command.ts");
      finish(await queryCommand(name, where, options, new Terminal(options)));
    });
}

function addSearch(program: Command, finish: Finish): void {
  withClientAccess(
    withScope(
      command(
        program,
        "search",
        "Find what a memory knows about a question: turns and facts of a user, an agent or a run, best first. A folder is " +
          "read without being changed. Times are in UTC.",
        [
          'jarvis search ./memory "When did Ann buy a bike?" --user ann',
          'jarvis search ws://127.0.0.1:7070 "sailing" --user ann --agent guide --k 3 --json',
        ],
      ),
    ),
  )
    .argument("<where>", "a data folder, or the address of a relay")
    .argument("<question>", "a question, or words")
    .addOption(
      new Option("--k <count>", "how many hits at most").argParser(integer(1, MEMORY_PAGE_MAX)).default(10),
    )
    .option("--explain", "say what each score is made of; --json says it always", false)
    .addOption(jsonOption())
    .action(async (where: string, question: string, options) => {
      const { searchCommand } = await import("./search-command.ts");
      finish(await searchCommand(where, question, options, new Terminal(options)));
    });
}

function addImport(program: Command, finish: Finish): void {
  withMemoryPlace(
    command(
      program,
      "import",
      "Take turns and facts from a file, one JSON record a line, into the memory of a user, an agent or a run: all, or " +
        "none where a line is wrong. A record whose id is there replaces it; one without an id is new.",
      [
        "jarvis import turns.jsonl --data ./memory --user ann",
        "jarvis import turns.jsonl --relay ws://127.0.0.1:7070 --agent guide",
      ],
    ),
  )
    .argument("<file>", "records as docs/memory.md shows them")
    .addOption(jsonOption())
    .action(async (file: string, options) => {
      const { importCommand } = await import("./import-command.ts");
      finish(await importCommand(file, options, new Terminal(options)));
    });
}

function addMcp(program: Command, finish: Finish): void {
  withMemoryPlace(
    command(
      program,
      "mcp",
      "Serve a memory over standard input and output by the Model Context Protocol: tools to add, search, list, update and " +
        "forget turns, and for profile, facts, context and sessions. No call reaches beyond the scope given here; what is " +
        "left open, calls name.",
      [
        "jarvis mcp --data ./memory --user ann",
        "jarvis mcp --data ./memory --relay ws://127.0.0.1:7070 --tenant acme --agent guide",
      ],
    ),
  ).action(async (options) => {
    const { mcpCommand } = await import("./mcp-command.ts");
    finish(await mcpCommand(options));
  });
}

/** Options of a command that writes to a memory. */
function withMemoryPlace(command: Command): Command {
  return withClientAccess(
    withScope(command)
      .option("--data <folder>", "where the memory is stored (default: in memory only)")
      .option("--relay <url>", "address of a relay to share it through", relayUrl),
  );
}

function addToken(program: Command, finish: Finish): void {
  command(
    program,
    "token",
    "Make a key, or sign a token that opens a relay started with --trust: for a subject, the documents that fit a " +
      "pattern, with a right (none, read, write, admin; the first pattern that fits counts), for a time of at most a day.",
    [
      "jarvis token --new-key relay.key",
      "jarvis token --key relay.key --subject ada --allow 'team/*=write' '*=read' --for 1h > token",
    ],
  )
    .option("--new-key <file>", "write a new private key here, and its public part beside it")
    .option("--key <file>", "private key to sign with")
    .option("--subject <name>", "who the token is for")
    .option("--allow <pattern=right...>", "what it may do with which documents; * stands for anything")
    .addOption(new Option("--for <span>", "how long it counts").argParser(span).default(900_000, "15m"))
    .addOption(jsonOption())
    .action(async (options) => {
      const { tokenCommand } = await import("./token-command.ts");
      finish(await tokenCommand(options, new Terminal(options)));
    });
}

function addSimulate(program: Command, finish: Finish): void {
  command(
    program,
    "simulate",
    "Run a fleet of replicas in a simulated world: virtual time, faults of every kind drawn from the seed, checks all the " +
      "time. The same options give the same run. Status 0 only when every check held.",
    [
      "jarvis simulate",
      "jarvis simulate --nodes 1000 --writers 100 --rate 0.2 --seconds 20 --faults none --loss 0.05",
      "jarvis simulate --availability --seeds 20 --seconds 20",
      "jarvis simulate --seed 7 --faults partition,power-loss --html run.html",
    ],
  )
    .addOption(new Option("--nodes <count>", "replicas").argParser(integer(1, 10_000)).default(20))
    .addOption(
      new Option("--seed <number>", "what everything is drawn from")
        .argParser(integer(0, 2 ** 32))
        .default(1),
    )
    .addOption(
      new Option("--seeds <count>", "so many runs, from that seed on").argParser(integer(1, 1e9)).default(1),
    )
    .addOption(
      new Option("--seconds <number>", "virtual seconds during which faults happen")
        .argParser(amount)
        .default(10),
    )
    .option("--faults <list>", "kinds of faults with commas between, all, or none", "all")
    .addOption(
      new Option("--topology <name>", "who connects to whom")
        .choices(["random", "star", "ring", "mesh", "overlay"])
        .default("random"),
    )
    .addOption(
      new Option(
        "--push <kind>",
        "how changes go on (default: flooding up to 100 replicas, lazy above)",
      ).choices(["flooding", "lazy"]),
    )
    .addOption(
      new Option("--loss <share>", "messages lost on every path while faults happen, 0 to 0.5").argParser(
        share,
      ),
    )
    .option(
      "--availability",
      "with the faults that availability is promised under: the share of time with a lag below 5 s; status 1 below 99.99 %",
      false,
    )
    .addOption(
      new Option("--writers <count>", "replicas that write (default: all)").argParser(integer(0, 10_000)),
    )
    .addOption(
      new Option("--rate <number>", "mutations a second of each writer").argParser(amount).default(2),
    )
    .addOption(
      new Option(
        "--look-at <count>",
        "replicas each round of checks looks at (default: all, at most 50)",
      ).argParser(integer(1, 10_000)),
    )
    .addOption(
      new Option(
        "--check-every <ms>",
        "virtual milliseconds between rounds of checks (default: 500)",
      ).argParser(integer(1, 60_000)),
    )
    .option("--keep-faults <numbers>", "only these faults of the schedule drawn")
    .option("--without-nodes <numbers>", "replicas that are never started")
    .addOption(new Option("--write-seconds <number>", "when writing ends").argParser(amount))
    .option("--shrink", "make a failing run smaller", false)
    .option("--html <file>", "write a timeline to look at")
    .addOption(engineOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { simulateCommand } = await import("./simulate-command.ts");
      finish(await simulateCommand(options, new Terminal(options)));
    });
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
}

function span(text: string): number {
  const spanMs = readSpan(text);
  if (spanMs !== undefined) return spanMs;
  throw new InvalidArgumentError("Give a span such as 500ms, 10s, 5m, 2h or 1d.");
}

function relayUrl(text: string): string {
  if (/^wss?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError("Give the address of a relay, such as ws://127.0.0.1:7070.");
}

function share(text: string): number {
  const value = Number(text);
  if (text !== "" && value >= 0 && value <= 0.5) return value;
  throw new InvalidArgumentError("Give a number from 0 to 0.5.");
}

function amount(text: string): number {
  const value = Number(text);
  if (text !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError("Give a number from 0.");
}

function skillLevels(text: string): Partial<Skills> {
  const skills = readSkills(text);
  if (skills !== undefined) return skills;
  throw new InvalidArgumentError("Give levels of prose, code and data, 0 to 1, such as code=1,prose=0.2.");
}

function natsServers(text: string): string {
  const isServer = (server: string): boolean => /^(nats|tls):\/\/[^/]+$/.test(server) && URL.canParse(server);
  if (text.split(",").every(isServer)) return text;
  throw new InvalidArgumentError("Give the address of a NATS server, such as nats://127.0.0.1:4222.");
}
