// What a peer may do with which documents, as data: rows of a pattern and a right, the first that fits a name counts.
// The side that asks gets its rows told, so that it does not send what would be refused.
import { CrdtError } from "../errors.ts";
import { DOCUMENT_NAME_BYTES_MAX, GRANT_ROWS_MAX } from "../limits.ts";

/** Each right includes those before it; `admin` may also take credentials back. */
export const RIGHTS = ["none", "read", "write", "admin"] as const;
export type Right = (typeof RIGHTS)[number];

export interface GrantRow {
  /** A document name; `*` stands for any number of any characters. */
  readonly pattern: string;
  readonly right: Right;
}

export interface Grant {
  /** Who this is, for people and logs. */
  readonly subject: string;
  /** Names this grant among all, so that it can be taken back; "" where that is not possible. */
  readonly id: string;
  readonly rows: readonly GrantRow[];
  /** Wall-clock milliseconds from which it no longer counts; Infinity for never. */
  readonly expiresAtMs: number;
}

export function hasRight(right: Right, needed: Right): boolean {
  return RIGHTS.indexOf(right) >= RIGHTS.indexOf(needed);
}

/** The right of the first row that fits; "none" where none does. */
export function rightOn(rows: readonly GrantRow[], document: string): Right {
  return rows.find(({ pattern }) => fits(pattern, document))?.right ?? "none";
}

/** Whether the rows give a right on every document there can be. */
export function hasRightOnAll(rows: readonly GrantRow[], needed: Right): boolean {
  for (const { pattern, right } of rows) {
    if (!hasRight(right, needed)) return false;
    if (/^\*+$/.test(pattern)) return true;
  }
  return false;
}

/** Whether `name` is one `pattern` stands for. Cost: at most the product of both lengths. */
export function fits(pattern: string, name: string): boolean {
  let at = 0;
  let here = 0;
  let star = -1;
  let starName = 0;
  while (here < name.length) {
    if (pattern[at] === "*") {
      star = at++;
      starName = here;
    } else if (pattern[at] === name[here]) {
      at++;
      here++;
    } else if (star >= 0) {
      at = star + 1;
      here = ++starName;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/** Checks rows from outside and copies them. Errors: invalid-argument, limit-exceeded. */
export function checkRows(rows: readonly GrantRow[]): GrantRow[] {
  if (rows.length > GRANT_ROWS_MAX) {
    throw new CrdtError("limit-exceeded", `a grant of ${rows.length} rows: at most ${GRANT_ROWS_MAX}`);
  }
  return rows.map(({ pattern, right }) => {
    if (typeof pattern !== "string" || pattern === "") {
      throw new CrdtError(
        "invalid-argument",
        `pattern ${JSON.stringify(pattern)}: give a document name or "*"`,
      );
    }
    const bytes = new TextEncoder().encode(pattern).length;
    if (bytes > DOCUMENT_NAME_BYTES_MAX) {
      throw new CrdtError(
        "limit-exceeded",
        `a pattern of ${bytes} bytes: no document name is longer than ${DOCUMENT_NAME_BYTES_MAX}`,
      );
    }
    if (!RIGHTS.includes(right)) {
      throw new CrdtError(
        "invalid-argument",
        `right ${JSON.stringify(right)}: choose one of ${RIGHTS.join(", ")}`,
      );
    }
    return { pattern, right };
  });
}
