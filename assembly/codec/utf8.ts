// Whether bytes are well-formed UTF-8 (Unicode 15, table 3-7): shortest forms, no surrogates, nothing above U+10FFFF.

export abstract class Utf8 {
  static isWellFormed(pointer: u32, length: u32): bool {
    const end = pointer + length;
    while (pointer < end) {
      const lead = <u32>load<u8>(pointer++);
      if (lead < 0x80) continue;
      if (lead < 0xc2 || lead > 0xf4) return false;
      const rest: u32 = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
      if (end - pointer < rest) return false;
      const second = <u32>load<u8>(pointer);
      const lowest: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
      const highest: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
      if (second < lowest || second > highest) return false;
      for (let i: u32 = 1; i < rest; i++) {
        if ((load<u8>(pointer + i) & 0xc0) != 0x80) return false;
      }
      pointer += rest;
    }
    return true;
  }
}
