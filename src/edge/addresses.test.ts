import { describe, expect, test } from "vitest";
import { networksOf, sourceOf } from "./addresses.ts";

describe("networks", () => {
  const networks = networksOf(["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"]);

  test.each([
    ["192.0.2.255", true],
    ["192.0.3.0", false],
    ["::ffff:192.0.2.1", true],
    ["2001:db8:ffff::1", true],
    ["2001:db9::1", false],
    ["198.51.100.7", true],
    ["198.51.100.8", false],
    ["no address", false],
  ])("%s is in them: %s", (address, expected) => {
    expect(networks.has(address)).toBe(expected);
  });

  test.each(["192.0.2.0/33", "2001:db8::/129", "example.com", "192.0.2.0/", "192.0.2.0/x"])(
    "%s is refused, with what is right",
    (prefix) => {
      expect(() => networksOf([prefix])).toThrow(/is not a network: write 192.0.2.0\/24/);
    },
  );
});

describe("where a request comes from", () => {
  const trusted = networksOf(["10.0.0.0/8", "::1"]);

  test.each([
    ["203.0.113.9", undefined, "203.0.113.9"],
    ["203.0.113.9", "192.0.2.1", "203.0.113.9"],
    ["10.1.1.1", "192.0.2.1", "192.0.2.1"],
    ["10.1.1.1", "192.0.2.66, 192.0.2.1, 10.2.2.2", "192.0.2.1"],
    ["::ffff:10.1.1.1", "[2001:db8::7]:4711", "2001:db8::7"],
    ["::1", "192.0.2.1:5555", "192.0.2.1"],
    ["10.1.1.1", "unknown", "10.1.1.1"],
    ["10.1.1.1", undefined, "10.1.1.1"],
  ])("peer %s, X-Forwarded-For %s: %s", (peer, header, source) => {
    expect(sourceOf(peer, header, trusted)).toBe(source);
  });
});
