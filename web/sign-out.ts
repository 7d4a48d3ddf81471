import { ApiError, get, SIGNED_OUT, type SignedOutDetail } from "./api.ts";

/** Ends the session. Throws an `ApiError` unless it is over. */
export async function signOut(): Promise<void> {
  const { csrf } = await get<{ csrf: string }>("/me");
  const response = await fetch("/console/sign-out", { method: "POST", headers: { "X-Postern-CSRF": csrf } }).catch(
    () => undefined,
  );
  if (response?.status !== 204 && response?.status !== 401) throw new ApiError(response?.status ?? 0, "");
  dispatchEvent(new CustomEvent<SignedOutDetail>(SIGNED_OUT, { detail: null }));
}
