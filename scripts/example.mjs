// Runs one of examples/ against the built package. usage: npm run example -- NAME
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transformSync } from "esbuild";

const root = join(import.meta.dirname, "..");
const names = readdirSync(join(root, "examples"))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.replace(/\.ts$/, ""));
const name = process.argv[2] ?? "";
if (!names.includes(name)) {
  console.error(`usage: npm run example -- NAME, with NAME one of ${names.join(", ")}`);
  process.exit(2);
}
const folder = join(root, "build/examples-run");
mkdirSync(folder, { recursive: true });
const file = join(folder, `${name}.mjs`);
const source = readFileSync(join(root, "examples", `${name}.ts`), "utf8");
writeFileSync(file, transformSync(source, { loader: "ts", format: "esm", target: "node20" }).code);
await import(pathToFileURL(file).href);
