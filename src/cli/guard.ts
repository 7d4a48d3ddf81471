import { userInfo } from "node:os";

/** Where a gateway's administrators' address is, and a token for it where it wants one. */
export interface AdminAddress {
  readonly url: string;
  readonly token?: string | undefined;
}

/** Which of a route's stopped changes are released, by whom and why. */
export interface ReleaseOptions {
  readonly route: string;
  readonly type?: string | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly by?: string | undefined;
  readonly reason: string;
}

/** Shows what the change guard of a running gateway let pass, and what it stopped. */
export const guardStatusCommand = (address: AdminAddress): Promise<number> => ask(address, "/guard");

/** Releases changes that the guard stopped: they pass once, when the client asks for them again. */
export const guardReleaseCommand = (address: AdminAddress, { by, ...release }: ReleaseOptions): Promise<number> =>
  ask(address, "/guard/release", { ...release, by: by ?? userInfo().username });

async function ask({ url, token }: AdminAddress, path: string, body?: object): Promise<number> {
  try {
    const response = await fetch(`${url.replace(/\/$/, "")}${path}`, {
      method: body ? "POST" : "GET",
      headers: {
        ...(body && { "Content-Type": "application/json" }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    console.log(JSON.stringify(await response.json(), undefined, 2));
    return response.ok ? 0 : 1;
  } catch (error) {
    const reason = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
    console.error(`${url} does not answer: ${reason}. It is the address of "operations" in the configuration.`);
    return 1;
  }
}
