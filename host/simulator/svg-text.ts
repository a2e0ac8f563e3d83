// Text as it may stand in HTML and SVG, between tags and in quotes.
const REPLACEMENTS: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => REPLACEMENTS[character]!);
