/** Maximum number of remembered assertions. */
const MAX_REMEMBERED = 100_000;

/**
 * Remembers assertions until they expire, RFC 7523 §3 (7). The returned function reports whether an assertion, identified by issuer and
 * `jti`, is used for the first time; `expires` is in seconds since 1970.
 */
export function createReplayGuard(): (assertion: { issuer: string; jti: string; expires: number }) => boolean {
  const used = new Map<string, number>();
  return ({ issuer, jti, expires }) => {
    const now = Date.now() / 1000;
    for (const [key, until] of used) {
      // In order of use: later ones are checked when it is their turn.
      if (until > now && used.size < MAX_REMEMBERED) break;
      used.delete(key);
    }
    const key = JSON.stringify([issuer, jti]);
    if ((used.get(key) ?? 0) > now) return false;
    used.delete(key);
    used.set(key, expires);
    return true;
  };
}
