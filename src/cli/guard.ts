/** Looks at the change guard of a gateway that runs, or releases it, at its operators' address. */
export async function guardCommand(url: string, release: string | undefined): Promise<number> {
  const query = release === undefined ? "" : `/release?route=${encodeURIComponent(release)}`;
  try {
    const response = await fetch(`${url.replace(/\/$/, "")}/guard${query}`, {
      method: release === undefined ? "GET" : "POST",
      signal: AbortSignal.timeout(5000),
    });
    console.log(JSON.stringify(await response.json(), undefined, 2));
    return response.ok ? 0 : 1;
  } catch (error) {
    const reason = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
    console.error(`${url} does not answer: ${reason}. It is the address of "operations" in the configuration.`);
    return 1;
  }
}
