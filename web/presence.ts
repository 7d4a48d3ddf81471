import { get } from "./api.ts";

/** What people do at a page, also if it asks for nothing. */
const ACTS = ["pointerdown", "keydown", "wheel", "touchmove"] as const;
const MINUTE_MS = 60_000;

/**
 * Tells the gateway now and then whether somebody uses the page, until the returned function is called. So a session lasts while somebody
 * reads, ends while nobody does, and an open page notices when it is over.
 */
export function tellPresence(idleMinutes: number): () => void {
  let isUsed = false;
  const use = () => {
    isUsed = true;
  };
  const tell = () => {
    const isBackground = !isUsed;
    isUsed = false;
    // What comes of it is told by the event that nobody is signed in.
    get("/me", { isBackground }).catch(() => {});
  };
  for (const act of ACTS) addEventListener(act, use, { passive: true });
  const timer = setInterval(tell, Math.min(MINUTE_MS, (idleMinutes * MINUTE_MS) / 3));
  return () => {
    clearInterval(timer);
    for (const act of ACTS) removeEventListener(act, use);
  };
}
