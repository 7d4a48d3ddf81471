import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { LinkUse, ProviderAway, SignInQuestion, SignInWays } from "../../src/console/api/sign-in.ts";
import { Notice } from "../kit/notice.tsx";
import { usePlace } from "../router.tsx";
import { common } from "../texts/common.ts";
import { signInTexts as texts } from "../texts/sign-in.ts";

/** Why somebody who comes back from the identity provider could not be signed in: the gateway says so in the page. */
export const problem = document.querySelector<HTMLMetaElement>('meta[name="postern-problem"]')?.content;

/** What somebody is asked who comes back from the identity provider as somebody else. */
export const asked = ((text: string | undefined) => text && (JSON.parse(text) as SignInQuestion))(
  document.querySelector<HTMLMetaElement>('meta[name="postern-question"]')?.content,
);

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
  const [question, setQuestion] = useState<SignInQuestion>();
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
    const { isOk, json } = await postedJson<{ readonly question: SignInQuestion }>("/console/sign-in/local", use);
    setWorking(false);
    if (isOk) return onDone();
    setQuestion(json?.question);
    if (!json?.question) setError(json?.error ?? common.noAnswer);
  }

  const failed = error && <Failed error={error} />;
  if (question && token !== undefined)
    return (
      <Question
        question={question}
        words={texts.replace.link}
        error={error}
        isWorking={isWorking}
        onStay={onDone}
        onAgree={() => exchange({ token, replace: true })}
      />
    );
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

/** For whoever is signed in, and comes back from the identity provider as somebody else. */
export function BecomeAnother({ question }: { readonly question: SignInQuestion }) {
  const [error, setError] = useState("");
  const [isWorking, setWorking] = useState(false);
  const { to = "/console/" } = question;
  const agree = async () => {
    setWorking(true);
    setError("");
    const answer = await postedJson<ProviderAway>("/console/sign-in/oidc", { to });
    if (answer.json?.url !== undefined) return location.assign(answer.json.url);
    setWorking(false);
    setError(answer.json?.error ?? common.noAnswer);
  };
  return (
    <Question
      question={question}
      words={texts.replace.provider}
      error={error}
      isWorking={isWorking}
      onStay={() => location.replace(to)}
      onAgree={agree}
    />
  );
}

interface QuestionProps {
  readonly question: SignInQuestion;
  readonly words: (typeof texts.replace)["link" | "provider"];
  readonly error: string;
  readonly isWorking: boolean;
  readonly onStay: () => void;
  readonly onAgree: () => void;
}

const Question = ({ question, words, error, isWorking, onStay, onAgree }: QuestionProps) => {
  const { signedInAs, as, asRole } = question;
  return (
    <Frame title={words.title}>
      {error && <Failed error={error} />}
      <p>{words.ask(signedInAs.name, signedInAs.role, as, asRole)}</p>
      <p>{words.warn}</p>
      <div class="tools">
        <button type="button" class="primary" disabled={isWorking} onClick={onStay}>
          {texts.replace.stay(signedInAs.name)}
        </button>
        <button type="button" disabled={isWorking} onClick={onAgree}>
          {texts.replace.agree(as)}
        </button>
      </div>
    </Frame>
  );
};

const Failed = ({ error }: { readonly error: string }) => (
  <Notice kind="error">
    {texts.failed} {error}
  </Notice>
);

/** Sends something as JSON before anybody is signed in. */
async function postedJson<Answer extends object>(
  path: string,
  body: object,
): Promise<{ readonly isOk: boolean; readonly json: (Partial<Answer> & { readonly error?: string }) | undefined }> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => undefined);
  return { isOk: response?.ok === true, json: await response?.json().catch(() => undefined) };
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
