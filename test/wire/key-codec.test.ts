// Any JavaScript string as bytes and back; no two strings share bytes, no bytes share a string.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { readText, writeText } from "../../host/wire/key-codec.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function encode(text: string): Uint8Array {
  const writer = new ByteWriter(1);
  const length = writeText(writer, text);
  expect(length).toBe(writer.length);
  return writer.toBytes();
}

const anyString = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7f0, max: 0xe010 })), {
    maxLength: 60,
  })
  .map((units) => String.fromCharCode(...units));

describe("keys", () => {
  it("come back as they went in", () => {
    fc.assert(
      fc.property(anyString, (text) => {
        const bytes = encode(text);
        expect(readText(bytes, 0, bytes.length)).toBe(text);
        if (!/\p{Surrogate}/u.test(text)) expect(hex(bytes)).toBe(Buffer.from(text, "utf8").toString("hex"));
      }),
      { numRuns: 5000 },
    );
  });

  it("keep lone surrogates apart", () => {
    expect(hex(encode("\ud800"))).toBe("eda080");
    expect(hex(encode("\udfff"))).toBe("edbfbf");
    expect(hex(encode("a\ud83d\ude00\ud83d"))).toBe("61f09f9880eda0bd");
    expect(hex(encode("\udc00x".repeat(20)))).toBe("edb08078".repeat(20));
  });

  it("are read from bytes that one string alone writes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let text: string;
        try {
          text = readText(bytes, 0, bytes.length);
        } catch {
          return;
        }
        expect(hex(encode(text))).toBe(hex(bytes));
      }),
      { numRuns: 20_000 },
    );
  });

  it("that are no WTF-8 are refused", () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0], [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]]) {
      expect(() => readText(Uint8Array.from(bytes), 0, bytes.length)).toThrow(/no WTF-8/);
    }
  });
});
