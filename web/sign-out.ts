import { get } from "./api.ts";

/** Ends the session. */
export async function signOut(): Promise<void> {
  const { csrf } = await get<{ csrf: string }>("/me");
  await fetch("/console/sign-out", { method: "POST", headers: { "X-Postern-CSRF": csrf } });
  dispatchEvent(new Event("postern-signed-out"));
}
