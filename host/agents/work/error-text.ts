// What a failure says in the document: the name and message of an error, no stack, and not more than anybody reads.
const CHARACTERS_MAX = 1_000;

export function errorText(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)}…` : text;
}
