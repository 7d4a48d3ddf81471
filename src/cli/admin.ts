/** Where a gateway's operators' address is, and a token for it if it wants one. */
export interface AdminAddress {
  readonly url: string;
  readonly token?: string | undefined;
}

/** Waiting for an answer ends after so many milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Asks the operators' address of a running gateway: GET, or POST with a body. Returns its JSON, and whether the request succeeded; says on
 * standard error that there is no answer, and returns undefined.
 */
export async function askAdmin(
  { url, token }: AdminAddress,
  path: string,
  body?: object,
): Promise<{ readonly isOk: boolean; readonly json: unknown } | undefined> {
  try {
    const response = await fetch(`${url.replace(/\/$/, "")}${path}`, {
      method: body ? "POST" : "GET",
      headers: {
        ...(body && { "Content-Type": "application/json" }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { isOk: response.ok, json: await response.json() };
  } catch (error) {
    const reason = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
    console.error(`${url} does not answer: ${reason}. It is the address of "operations" in the configuration.`);
    return undefined;
  }
}
