import { useEffect, useState } from "preact/hooks";
import type { SignInWays } from "../../src/console/api/sign-in.ts";
import { Notice } from "../kit/notice.tsx";
import { navigate, usePlace } from "../router.tsx";
import { common } from "../texts/common.ts";
import { signInTexts as texts } from "../texts/sign-in.ts";

/** Why somebody who comes back from the identity provider could not be signed in: the gateway says so in the page. */
export const problem = document.querySelector<HTMLMetaElement>('meta[name="postern-problem"]')?.content;

/** Where to sign in at the identity provider, and return to the page that was asked for; as somebody else after a refusal. */
function providerAddress(path: string): string {
  const to = path.startsWith("/sign-in") ? "/console/" : location.pathname + location.search;
  return `/console/sign-in/oidc?${new URLSearchParams({ to, ...(problem !== undefined && { another: "" }) })}`;
}

/** For whoever isn't signed in. A link of `postern console` has its token behind the `#`, which no server sees. */
export function SignIn() {
  const { path } = usePlace();
  const [ways, setWays] = useState<SignInWays>();
  const [error, setError] = useState(problem ?? "");
  const [isWorking, setWorking] = useState(false);
  useEffect(() => {
    fetch("/console/sign-in/ways")
      .then((response) => response.json() as Promise<SignInWays>)
      .then(setWays, () => setError(common.noAnswer));
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (token) void exchange(token);
  }, []);

  async function exchange(token: string): Promise<void> {
    history.replaceState(null, "", location.pathname);
    setWorking(true);
    const response = await fetch("/console/sign-in/local", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    }).catch(() => undefined);
    setWorking(false);
    if (response?.ok) {
      navigate("/", { replace: true });
      dispatchEvent(new Event("postern-signed-in"));
      return;
    }
    const json = (await response?.json().catch(() => undefined)) as { error?: string } | undefined;
    setError(json?.error ?? common.noAnswer);
  }

  return (
    <main class="sign-in">
      <h1>
        <span class="mark" aria-hidden="true" /> {common.product}
      </h1>
      <h2>{texts.title}</h2>
      {error && (
        <Notice kind="error">
          {texts.failed} {error}
        </Notice>
      )}
      {isWorking && <p role="status">{texts.working}</p>}
      {ways?.oidc && (
        <a class="button primary" href={providerAddress(path)}>
          {texts.oidc}
        </a>
      )}
      <p>{texts.local}</p>
      <pre>{texts.command}</pre>
    </main>
  );
}
