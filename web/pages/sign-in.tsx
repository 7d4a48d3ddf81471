import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { LinkQuestion, LinkUse, SignInWays } from "../../src/console/api/sign-in.ts";
import { Notice } from "../kit/notice.tsx";
import { usePlace } from "../router.tsx";
import { common } from "../texts/common.ts";
import { signInTexts as texts } from "../texts/sign-in.ts";

/** Why somebody who comes back from the identity provider could not be signed in: the gateway says so in the page. */
export const problem = document.querySelector<HTMLMetaElement>('meta[name="postern-problem"]')?.content;

/** The token of a link of `postern console`, which is behind the `#`, where no server sees it. It leaves the address. */
export function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? undefined;
  if (token !== undefined) history.replaceState(null, "", location.pathname);
  return token;
}

/** Where to sign in at the identity provider, and return to the page that was asked for; as somebody else after a refusal. */
function providerAddress(path: string): string {
  const to = path.startsWith("/sign-in") ? "/console/" : location.pathname + location.search;
  return `/console/sign-in/oidc?${new URLSearchParams({ to, ...(problem !== undefined && { another: "" }) })}`;
}

interface SignInProps {
  /** Why a session is over. */
  readonly why?: string | undefined;
  /** The token of the link that was opened. */
  readonly token?: string | undefined;
  /** Called when the link has been used, or is not to be. */
  readonly onDone: () => void;
}

/** For whoever isn't signed in, or has opened a link. */
export function SignIn({ why, token, onDone }: SignInProps) {
  const { path } = usePlace();
  const [ways, setWays] = useState<SignInWays>();
  const [error, setError] = useState(problem ?? "");
  const [question, setQuestion] = useState<LinkQuestion>();
  const [isWorking, setWorking] = useState(false);
  useEffect(() => {
    fetch("/console/sign-in/ways")
      .then((response) => response.json() as Promise<SignInWays>)
      .then(setWays, () => setError(common.noAnswer));
  }, []);
  useEffect(() => {
    if (token !== undefined) void exchange({ token });
  }, [token]);

  async function exchange(use: LinkUse): Promise<void> {
    setWorking(true);
    setError("");
    const response = await fetch("/console/sign-in/local", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(use),
    }).catch(() => undefined);
    setWorking(false);
    if (response?.ok) return onDone();
    const json = (await response?.json().catch(() => undefined)) as
      | { readonly error?: string; readonly question?: LinkQuestion }
      | undefined;
    setQuestion(json?.question);
    if (!json?.question) setError(json?.error ?? common.noAnswer);
  }

  const failed = error && (
    <Notice kind="error">
      {texts.failed} {error}
    </Notice>
  );
  if (question && token !== undefined) {
    const { signedInAs, as } = question;
    return (
      <Frame title={texts.replace.title}>
        {failed}
        <p>{texts.replace.ask(signedInAs.name, signedInAs.role, as)}</p>
        <p>{texts.replace.warn}</p>
        <div class="tools">
          <button type="button" class="primary" disabled={isWorking} onClick={onDone}>
            {texts.replace.stay(signedInAs.name)}
          </button>
          <button type="button" disabled={isWorking} onClick={() => exchange({ token, replace: true })}>
            {texts.replace.agree(as)}
          </button>
        </div>
      </Frame>
    );
  }
  return (
    <Frame title={texts.title}>
      {failed}
      {why !== undefined && !error && (
        <Notice kind="info">
          {why} {!path.startsWith("/sign-in") && texts.returns}
        </Notice>
      )}
      {isWorking && <p role="status">{texts.working}</p>}
      {ways?.oidc && (
        <a class="button primary" href={providerAddress(path)}>
          {texts.oidc}
        </a>
      )}
      <p>{texts.local}</p>
      {ways && (
        <>
          <pre>{texts.command[ways.startedAs]}</pre>
          <p class="quiet">{texts.commandMeans[ways.startedAs]}</p>
        </>
      )}
    </Frame>
  );
}

const Frame = ({ title, children }: { readonly title: string; readonly children: ComponentChildren }) => (
  <main class="sign-in">
    <h1>
      <span class="mark" aria-hidden="true" /> {common.product}
    </h1>
    <h2>{title}</h2>
    {children}
  </main>
);
