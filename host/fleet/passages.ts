// Cuts a text into passages: pieces a reader can take in one go, cut at a blank line where there is one, else at a
// line end, else at other white space. Joined again they are the text, and no word is ever cut. Linear.

/** Characters a passage aims to stay within; a longer run without white space stays whole. */
export const PASSAGE_CHARACTERS_MAX = 1200;

const WHITE_SPACE = /\s/g;

/** The passages of `text`, in order. */
export function* splitPassages(text: string, charactersMax = PASSAGE_CHARACTERS_MAX): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const end = passageEnd(text, start, charactersMax);
    yield text.slice(start, end);
    start = end;
  }
}

function passageEnd(text: string, start: number, charactersMax: number): number {
  const limit = start + charactersMax;
  if (limit >= text.length) return text.length;
  const piece = text.slice(start, limit);
  const blankLine = piece.lastIndexOf("\n\n");
  if (blankLine > 0) return start + blankLine + 2;
  const lineEnd = piece.lastIndexOf("\n");
  if (lineEnd > 0) return start + lineEnd + 1;
  const space = piece.lastIndexOf(" ");
  if (space > 0) return start + space + 1;
  WHITE_SPACE.lastIndex = limit;
  const next = WHITE_SPACE.exec(text);
  return next === null ? text.length : next.index + 1;
}
