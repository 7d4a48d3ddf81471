import { expect, test } from "vitest";
import { exposure } from "./checks.ts";

const at = (host: string) => exposure({ host, trustProxy: [], plainHttp: false } as never) === undefined;

test.each(["127.0.0.1", "127.0.0.2", "127.1", "localhost", "::1"])("%s is this machine alone", (host) => {
  expect(at(host)).toBe(true);
});

test.each(["", "0.0.0.0", "::", "10.0.0.1", "127.example.com", "127.0.0.1.example.com", "localhost.example.com"])(
  "%j may be reached by others",
  (host) => {
    expect(at(host)).toBe(false);
  },
);
