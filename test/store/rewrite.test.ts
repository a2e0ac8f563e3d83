// Rewriting a stored document leaves nothing in its files of what it no longer holds.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createReplica, map, schema } from "../../host/index.ts";

const Notes = schema({ notes: map<Record<string, string>>() });
/** Nothing that compresses. */
const secretOf = (number: number): string =>
  `zq${(number * 7919 + 13).toString(36)}xv${(number * 104_729).toString(36)}wj`;

async function filesHold(folder: string, text: string): Promise<boolean> {
  for (const item of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (item.isFile() && (await readFile(join(item.parentPath, item.name))).includes(text)) return true;
  }
  return false;
}

it.each([
  ["at once", 1],
  ["after as many writes as fill a table and more", 60_000],
])("gives up the bytes of what was deleted, %s", async (_, others) => {
  const folder = await mkdtemp(join(tmpdir(), "rewrite-"));
  try {
    const replica = await createReplica({ storage: folder });
    const document = await replica.open("notes", Notes);
    document.notes.set("secret", secretOf(1));
    await document.durable();
    document.notes.setMany(Array.from({ length: others }, (__, place) => [`n${place}`, secretOf(place + 2)]));
    await document.durable();
    expect(await filesHold(folder, secretOf(1))).toBe(true);
    document.notes.delete("secret");
    await document.durable();
    expect(await filesHold(folder, secretOf(1))).toBe(true);
    await document.rewrite();
    expect(await filesHold(folder, secretOf(1))).toBe(false);
    await replica.close();
    const again = await createReplica({ storage: folder });
    const opened = await again.open("notes", Notes);
    expect([opened.notes.size, opened.notes.get("n0")]).toEqual([others, secretOf(2)]);
    await again.close();
    expect(await filesHold(folder, secretOf(1))).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it("does nothing where nothing is stored", async () => {
  const replica = await createReplica();
  const document = await replica.open("notes", Notes);
  document.notes.set("a", "b");
  await document.rewrite();
  expect(document.notes.get("a")).toBe("b");
  await replica.close();
});
