import { randomUUID } from "node:crypto";
import type { Created } from "./apply.ts";
import type { SyncSettings } from "./definition.ts";
import { signatureOf } from "./signature.ts";

/** Time limit of a delivery, in milliseconds. */
const DELIVERY_MS = 10_000;

/** Delivers first passwords to a URL, signed as Standard Webhooks specifies. Rejects unless the response is a success. */
export function passwordsTo(sync: string, { url, secret }: NonNullable<SyncSettings["passwords"]>) {
  return async ({ key, id, userName, password }: Created): Promise<void> => {
    if (password === undefined) return;
    const body = JSON.stringify({ sync, key, id, userName, password });
    const message = `msg_${randomUUID()}`;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": `v1,${signatureOf(secret, `${message}.${timestamp}.${body}`, "base64")}`,
      },
      body,
      redirect: "error",
      signal: AbortSignal.timeout(DELIVERY_MS),
    }).catch((error: Error) => {
      throw new Error(
        `${new URL(url).host} does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}`,
      );
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`${new URL(url).host} answered ${answer.status}`);
  };
}
