// What the tools of the memory server take, as zod schemas: types, and the limits of host/limits.ts that a schema can say.
// Limits that depend on more than one value (how a name is written, what a turn refers to) are checked by the memory itself.
import { z } from "zod";
import {
  FORGET_RECORDS_MAX,
  MEMORY_PAGE_MAX,
  SCOPE_PART_BYTES_MAX,
  TURN_TEXT_LENGTH_MAX,
} from "../limits.ts";

export const name = z.string().min(1).max(SCOPE_PART_BYTES_MAX);
export const text = z.string().max(TURN_TEXT_LENGTH_MAX);
export const flag = z.boolean();
export const count = z.number().int().min(1).max(MEMORY_PAGE_MAX);
export const tokens = z.number().int().min(0);
export const timeMs = z.number().int().min(0).describe("milliseconds since 1970");
const spanMs = z.number().int().min(1);
/** A record id, or what a page begins with. */
export const reference = z.string().min(1).max(TURN_TEXT_LENGTH_MAX);
export const references = z.array(reference).min(1).max(FORGET_RECORDS_MAX);
export const kind = z.enum(["turn", "fact"]);

const attachment = z.strictObject({
  name,
  reference: reference.describe("an address or a digest; bytes are kept elsewhere"),
  mediaType: text.exactOptional(),
});

export const turns = z
  .array(
    z.strictObject({
      session: name.describe("the conversation it belongs to"),
      speaker: name,
      text,
      timeMs: timeMs.exactOptional(),
      zoneMinutes: z.number().int().exactOptional().describe("how far the speaker's clock is ahead of UTC"),
      attachments: z.array(attachment).max(MEMORY_PAGE_MAX).exactOptional(),
      lifetimeMs: spanMs.exactOptional().describe("after how long it is forgotten by itself"),
    }),
  )
  .min(1)
  .max(MEMORY_PAGE_MAX);

export const newFacts = z
  .array(
    z.strictObject({
      subject: name,
      predicate: name,
      object: text,
      validFromMs: timeMs.exactOptional(),
      validToMs: timeMs.exactOptional(),
      source: name.exactOptional(),
      isOneOfMany: flag.exactOptional().describe("true where it does not end the one before"),
    }),
  )
  .min(1)
  .max(MEMORY_PAGE_MAX);

export const profileFields = z.record(name, z.json());

export const turnFilters = {
  session: name.exactOptional(),
  speaker: name.exactOptional(),
  fromMs: timeMs.exactOptional(),
  toMs: timeMs.exactOptional(),
};

export const searchFields = {
  ...turnFilters,
  query: text.describe("a question, or words"),
  k: count.exactOptional().describe("how many hits at most"),
  kind: kind.exactOptional(),
  asOfMs: timeMs.exactOptional().describe("as things stood then"),
  halfLifeMs: spanMs.exactOptional().describe("after how long something counts half"),
};
