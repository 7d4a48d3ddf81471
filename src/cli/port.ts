import { InvalidArgumentError } from "commander";

/** Reads the number of a port. Throws what commander tells of. */
export function portIn(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("It must be a number from 0 to 65535.");
  return port;
}
