// Source and docs list the same error codes, and each code is thrown somewhere.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ERROR_CODES } from "../../host/errors.ts";

const root = join(import.meta.dirname, "../..");

it("docs/errors.md lists exactly the codes of the source", () => {
  const page = readFileSync(join(root, "docs/errors.md"), "utf8");
  const listed = [...page.matchAll(/^\| `([a-z-]+)` +\|/gm)].map((match) => match[1]!);
  expect(listed.sort()).toEqual([...ERROR_CODES].sort());
});

it("every code is used by the source and met by a test", () => {
  const filesWith = (code: string, folder: string): string =>
    execFileSync("git", ["grep", "-l", "--untracked", "-F", `"${code}"`, "--", folder], {
      cwd: root,
      encoding: "utf8",
    }).replace("host/errors.ts\n", "");
  const unused = ERROR_CODES.filter((code) => {
    try {
      return filesWith(code, "host") === "" || filesWith(code, "test") === "";
    } catch {
      return true;
    }
  });
  expect(unused).toEqual([]);
});
