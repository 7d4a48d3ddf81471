import { useEffect, useState } from "preact/hooks";
import { Notice } from "../kit/notice.tsx";
import { navigate, usePlace } from "../router.tsx";
import { common } from "../texts/common.ts";
import { signInTexts as texts } from "../texts/sign-in.ts";

/** `GET /console/sign-in/ways`: how people may sign in here. */
interface Ways {
  readonly oidc: boolean;
}

/** For whoever isn't signed in. A link of `postern console` has its token behind the `#`, which no server sees. */
export function SignIn() {
  const { query } = usePlace();
  const [ways, setWays] = useState<Ways>();
  const [error, setError] = useState(query.get("error") ?? "");
  const [isWorking, setWorking] = useState(false);
  useEffect(() => {
    fetch("/console/sign-in/ways")
      .then((response) => response.json() as Promise<Ways>)
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
        <a class="button primary" href="/console/sign-in/oidc">
          {texts.oidc}
        </a>
      )}
      <p>{texts.local}</p>
      <pre>{texts.command}</pre>
    </main>
  );
}
