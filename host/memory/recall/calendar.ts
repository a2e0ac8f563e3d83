// Days and dates by whole numbers (Hinnant's civil calendar), so that they are the same on every engine and in every
// time zone a process runs in.

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const DAYS_PER_ERA = 146_097;
/** From March 1 of year 0 to January 1, 1970. */
const DAYS_TO_1970 = 719_468;

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** Days since 1970 where local time is `zoneMinutes` ahead of UTC. */
export function localDay(timeMs: number, zoneMinutes: number): number {
  return Math.floor((timeMs + zoneMinutes * MINUTE_MS) / DAY_MS);
}

export function civilDate(daysSince1970: number): CivilDate {
  const shifted = daysSince1970 + DAYS_TO_1970;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 };
}

const MONTH_NAMES = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

/** 1 to 12; undefined where `word` names no month. */
export function monthNamed(word: string): number | undefined {
  const index = MONTH_NAMES.indexOf(word);
  return index < 0 ? undefined : index + 1;
}
