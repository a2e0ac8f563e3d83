// What kinds of files there are, and who reads which best. A file asks for the skill of its kind and does without: an
// agent that is better at it is preferred, as long as it has room.

import { extname } from "node:path";

export type Skill = "prose" | "code" | "data";
export type Skills = Readonly<Record<Skill, number>>;

const PROSE: ReadonlySet<string> = new Set(
  ".md .markdown .mdx .rst .adoc .txt .text .tex .html .htm .xml .svg .srt".split(" "),
);
const DATA: ReadonlySet<string> = new Set(
  ".log .csv .tsv .json .jsonl .ndjson .yaml .yml .toml .ini .cfg .conf".split(" "),
);

/** The skill that reading a file takes, by its extension; what is neither text nor data is code. */
export function skillOf(path: string): Skill {
  const extension = extname(path).toLowerCase();
  if (PROSE.has(extension)) return "prose";
  return DATA.has(extension) ? "data" : "code";
}

/** Of four agents, one is best at each kind of file, and one is as good at all of them. */
const PROFILES: readonly Skills[] = [
  { prose: 1, code: 0.4, data: 0.4 },
  { prose: 0.4, code: 1, data: 0.4 },
  { prose: 0.4, code: 0.4, data: 1 },
  { prose: 0.7, code: 0.7, data: 0.7 },
];

/** What an agent is good at that says nothing of itself. */
export const GENERALIST: Skills = PROFILES[3]!;

/** What the agent of this place among those of a fleet is good at. */
export const skillsAt = (place: number): Skills => PROFILES[place % PROFILES.length]!;

/** `prose=1,code=0.4` */
export const skillsText = (skills: Partial<Skills>): string =>
  Object.entries(skills)
    .map(([skill, level]) => `${skill}=${level}`)
    .join(",");

/** What such a text says; undefined where it is none. */
export function readSkills(text: string): Partial<Skills> | undefined {
  const skills: Partial<Record<Skill, number>> = {};
  for (const part of text.split(",")) {
    const [skill = "", level = "", ...more] = part.split("=");
    const value = level.trim() === "" ? Number.NaN : Number(level);
    if (!Object.hasOwn(GENERALIST, skill) || more.length > 0 || !(value >= 0 && value <= 1)) return undefined;
    skills[skill as Skill] = value;
  }
  return skills;
}
