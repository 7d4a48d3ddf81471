import type { Random } from "./random.ts";

/** The parts of a number: `49`, `30`, and seven digits. */
interface Parts {
  readonly country: string;
  readonly area: string;
  readonly local: string;
}

/** How people write phone numbers. Entra sends them as they are; targets that write them anew cause endless updates. */
const FORMS: readonly ((parts: Parts) => string)[] = [
  ({ country, area, local }) => `+${country} ${area} ${local}`,
  ({ country, area, local }) => `+${country}${area}${local}`,
  ({ country, area, local }) => `+${country} (${area}) ${local.slice(0, 3)}-${local.slice(3)}`,
  ({ country, area, local }) => `+${country} (0)${area} ${local.slice(0, 4)} ${local.slice(4)}`,
  ({ country, area, local }) => `00${country}-${area}-${local}`,
  ({ area, local }) => `0${area}/${local}`,
  ({ area, local }) => `(${area}) ${local.slice(0, 3)}.${local.slice(3)}`,
  ({ country, area, local }) => `+${country} ${area} ${local} x${local.slice(0, 2)}`,
  ({ country, area, local }) => `tel:+${country}-${area}-${local};ext=${local.slice(5)}`,
  ({ local }) => local.slice(0, 4),
  ({ country, area, local }) => ` +${country}\u00a0${area}\u00a0${local} `,
  ({ local }) => `0800-${local.slice(0, 4)}-CALL`,
];

/** A phone number in one of many forms. `prefix` is `+49 30`. */
export function phoneOf(random: Random, prefix: string): string {
  const [country = "", area = ""] = prefix.slice(1).split(" ");
  const form = random.percent(50) ? FORMS[0]! : random.pick(FORMS);
  return form({ country, area, local: String(1_000_000 + random.below(9_000_000)) });
}
