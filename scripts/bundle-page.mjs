// Bundles the page into one folder, dist/page/ or the one named: its script, its style, and what it needs beside them. The
// licences of all packages whose code got in stand at the end of the script, so that every copy carries them.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const folder = process.argv[2] ?? "dist/page";

/** The packages of node_modules that these inputs belong to. */
function packagesOf(inputs) {
  const found = new Set();
  for (const path of Object.keys(inputs)) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    if (name !== undefined) found.add(name);
  }
  return [...found].sort();
}

/** A package's name, version and all that its licence asks to be passed on. */
function noticeOf(name) {
  const place = join("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
  const texts = readdirSync(place)
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .map((file) => readFileSync(join(place, file), "utf8").trim());
  // The loader comes without its text; it is that of the compiler it belongs to.
  const parent = name === "@assemblyscript/loader" ? "node_modules/assemblyscript" : undefined;
  for (const file of ["LICENSE", "NOTICE"]) {
    if (parent !== undefined && texts.length < 2 && existsSync(join(parent, file))) {
      texts.push(readFileSync(join(parent, file), "utf8").trim());
    }
  }
  if (texts.length === 0) throw new Error(`${name} comes without a licence text: it cannot go into the page`);
  return `${name} ${version} (${license})\n\n${texts.join("\n\n")}`;
}

mkdirSync(folder, { recursive: true });
const options = {
  bundle: true,
  minify: true,
  target: "es2022",
  platform: "browser",
  conditions: ["source"],
  logLevel: "warning",
};
const { metafile } = await build({
  ...options,
  entryPoints: ["host/page/page.ts"],
  outfile: join(folder, "page.js"),
  format: "esm",
  sourcemap: true,
  metafile: true,
  // Whole licences stand at the end instead.
  legalComments: "none",
  // A browser without SIMD gets the baseline on this page.
  external: ["*/scalar-module-bytes.ts"],
});
const style = await build({
  ...options,
  entryPoints: ["host/page/page.css"],
  outfile: join(folder, "page.css"),
  metafile: true,
});
const notices = packagesOf({ ...metafile.inputs, ...style.metafile.inputs }).map(noticeOf);
const comment = (text) => `/*! ${text.replaceAll("*/", "* /")} */\n`;
const script = join(folder, "page.js");
writeFileSync(
  script,
  readFileSync(script, "utf8") + comment(`This file contains:\n\n${notices.join("\n\n---\n\n")}`),
);
const sheet = join(folder, "page.css");
const own = packagesOf(style.metafile.inputs).map(noticeOf);
writeFileSync(
  sheet,
  readFileSync(sheet, "utf8") + comment(`This file contains:\n\n${own.join("\n\n---\n\n")}`),
);
for (const name of ["index.html", "icon.svg"]) cpSync(join("host/page", name), join(folder, name));
