// Breaks the package in the ways of test/mutants/breakages.mjs, one at a time and in a copy, and says which of them the
// tests notice. usage: npm run test:mutants -- [PART-OF-A-NAME…]
// Ends with "N caught, N missed"; status 0 when nineteen of twenty were caught and the unbroken copy is green.
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BREAKAGES } from "../test/mutants/breakages.mjs";

const CAUGHT_MIN = 0.95;
const TEST_MS_MAX = 600_000;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);
const chosen = BREAKAGES.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);

function copyTree() {
  const copy = mkdtempSync(join(tmpdir(), "jarvis-mutants-"));
  const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  const built = ["build/engine.wasm", "build/engine.debug.wasm", "build/engine.scalar.wasm"];
  const generated = ["module.generated.ts", "scalar-module.generated.ts"].map(
    (name) => `host/engine/wasm/${name}`,
  );
  for (const path of [...tracked.split("\n"), ...built, ...generated]) {
    if (path === "" || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "junction");
  return copy;
}

/** Whether the tests are green; a run that hangs is not. */
function isGreen(copy, { files, env = {} }) {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", "--bail", "1", ...files], {
    cwd: copy,
    env: { ...process.env, ...env },
    stdio: "ignore",
    timeout: TEST_MS_MAX,
  });
  return status === 0;
}

/** Breaks the copy, looks, and mends it again. */
function isCaught(copy, { file, find, replace, tests }) {
  const path = join(copy, file);
  const source = readFileSync(path, "utf8");
  if (source.split(find).length !== 2) throw new Error(`${file} must hold this exactly once: ${find}`);
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  try {
    return !isGreen(copy, tests);
  } finally {
    writeFileSync(path, source);
  }
}

/** What is red without being broken would catch everything. */
function checkUnbroken(copy) {
  const suites = new Map(chosen.map(({ tests }) => [JSON.stringify(tests), tests]));
  for (const tests of suites.values()) {
    if (!isGreen(copy, tests)) throw new Error(`red although nothing is broken: ${tests.files.join(" ")}`);
  }
}

const copy = copyTree();
let caught = 0;
try {
  checkUnbroken(copy);
  for (const breakage of chosen) {
    const isNoticed = isCaught(copy, breakage);
    if (isNoticed) caught++;
    console.log(`${isNoticed ? "caught" : "MISSED"}  ${breakage.name}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
const missed = chosen.length - caught;
console.log(`${caught} caught, ${missed} missed`);
if (chosen.length === 0 || caught < chosen.length * CAUGHT_MIN) process.exitCode = 1;
