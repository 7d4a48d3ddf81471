import { type ComponentType, createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Me } from "../src/console/api/me.ts";
import { type ApiError, get, SIGNED_OUT, type SignedOutDetail, setToken } from "./api.ts";
import { Failure, Loading, Notice } from "./kit/notice.tsx";
import { ThemeSwitch } from "./kit/theme-switch.tsx";
import { asked, BecomeAnother, problem, SignIn, takeToken } from "./pages/sign-in.tsx";
import { type PageEntry, type PageProps, pages } from "./pages.ts";
import { tellPresence } from "./presence.ts";
import { BASE, Link, navigate, usePlace } from "./router.tsx";
import { common } from "./texts/common.ts";
import { signInTexts } from "./texts/sign-in.ts";

const Signed = createContext<Me | undefined>(undefined);

/** Whoever is signed in. For pages: they are shown to nobody else. */
export const useMe = (): Me => useContext(Signed)!;

/** How long until it is asked again who is signed in, in milliseconds. */
const AGAIN_MS = 2000;

/** The whole console: sign-in, or the menu and a page. */
export function App() {
  const { me, error, why, reload } = useSignedIn();
  const [linkToken, setLinkToken] = useState(takeToken);
  useEffect(() => {
    const opened = () => setLinkToken((before) => takeToken() ?? before);
    addEventListener("hashchange", opened);
    return () => removeEventListener("hashchange", opened);
  }, []);
  const done = () => {
    setLinkToken(undefined);
    navigate("/", { replace: true });
    reload();
  };
  if (asked) return <BecomeAnother question={asked} />;
  if (problem !== undefined || linkToken !== undefined) return <SignIn token={linkToken} onDone={done} />;
  if (error)
    return (
      <main>
        <Failure error={error} />
      </main>
    );
  if (me === undefined) return <Loading />;
  if (me === null) return <SignIn why={why} onDone={done} />;
  return (
    <Signed.Provider value={me}>
      <Frame me={me} />
    </Signed.Provider>
  );
}

interface SignedIn {
  /** Undefined while it is asked for, null if nobody is. */
  readonly me: Me | null | undefined;
  readonly error: ApiError | undefined;
  /** Why a session is over. */
  readonly why: string | undefined;
  readonly reload: () => void;
}

/** Whoever is signed in, as it changes. */
function useSignedIn(): SignedIn {
  const [me, setMe] = useState<Me | null>();
  const [error, setError] = useState<ApiError>();
  const [why, setWhy] = useState<string>();
  const [round, setRound] = useState(0);
  const wasSignedIn = useRef(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = (isBackground: boolean) => {
      clearTimeout(timer);
      get<Me>("/me", { isBackground }).then(
        (found) => {
          setError(undefined);
          setToken(found.csrf);
          if (found.home !== undefined && location.pathname === `${BASE}/`) navigate(found.home, { replace: true });
          wasSignedIn.current = true;
          setWhy(undefined);
          setMe(found);
        },
        (failure: ApiError) => {
          const isUnknown = failure.status === 0 || failure.status === 503;
          setError(isUnknown ? failure : undefined);
          if (isUnknown) timer = setTimeout(() => load(true), AGAIN_MS);
          else setMe(null);
        },
      );
    };
    const left = (event: Event) => {
      const { detail } = event as CustomEvent<SignedOutDetail>;
      if (wasSignedIn.current || detail?.ended) setWhy(detail ? signInTexts.whySignedOut(detail.ended) : undefined);
      wasSignedIn.current = false;
      setMe(null);
    };
    // Somebody may have signed in at another page of this browser.
    const returned = () => document.hidden || wasSignedIn.current || load(false);
    addEventListener(SIGNED_OUT, left);
    document.addEventListener("visibilitychange", returned);
    load(false);
    return () => {
      clearTimeout(timer);
      removeEventListener(SIGNED_OUT, left);
      document.removeEventListener("visibilitychange", returned);
    };
  }, [round]);
  return { me, error, why, reload: () => setRound((before) => before + 1) };
}

/** The page at a path, and what the path says behind it. */
function found(path: string): { readonly page: PageEntry; readonly rest: string } | undefined {
  const page = pages.find((each) => path === each.path || (each.path !== "/" && path.startsWith(`${each.path}/`)));
  return page && { page, rest: path.slice(page.path.length + (page.path === "/" ? 0 : 1)) };
}

function Frame({ me }: { readonly me: Me }) {
  const { path } = usePlace();
  const [isOpen, setOpen] = useState(false);
  const here = found(path);
  const shown = pages.filter(
    ({ path: each, isForOperators }) =>
      (me.home === undefined || me.home.startsWith(`${each}/`)) && (!isForOperators || me.role === "operator"),
  );
  useEffect(() => tellPresence(me.idleMinutes), [me.idleMinutes]);
  return (
    <div class="frame">
      <a class="skip" href="#content">
        {common.skip}
      </a>
      <header class="side">
        <Link to="/" class="brand">
          <span class="mark" aria-hidden="true" />
          {common.product}
        </Link>
        <button type="button" class="menu" aria-expanded={isOpen} aria-controls="menu" onClick={() => setOpen(!isOpen)}>
          {common.menu}
        </button>
        <div id="menu" class={isOpen ? "open" : ""}>
          <nav aria-label={common.navigation}>
            <ul>
              {shown.map((page) => (
                <li key={page.path}>
                  <Link to={page.path} current={here?.page === page} onClick={() => setOpen(false)}>
                    {page.name}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <div class="foot">
            <ThemeSwitch />
            <p class="who">{common.signedInAs(me.name, me.role)}</p>
            <SignOut />
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {here ? (
          <Lazy key={here.page.path} page={here.page} rest={here.rest} />
        ) : (
          <Notice kind="error">{common.notFound}</Notice>
        )}
      </main>
    </div>
  );
}

function SignOut() {
  const [isFailed, setFailed] = useState(false);
  const leave = async () => {
    setFailed(false);
    try {
      const { signOut } = await import("./sign-out.ts");
      await signOut();
    } catch {
      setFailed(true);
    }
  };
  return (
    <>
      <button type="button" class="plain" onClick={leave}>
        {common.signOut}
      </button>
      {isFailed && <Notice kind="error">{common.notSignedOut}</Notice>}
    </>
  );
}

/** A page whose code is loaded when it is first shown. */
function Lazy({ page, rest }: { readonly page: PageEntry; readonly rest: string }) {
  const [Shown, setShown] = useState<ComponentType<PageProps>>();
  const [isFailed, setFailed] = useState(false);
  useEffect(() => {
    document.title = `${page.name} – ${common.product}`;
    page.load().then(
      (loaded) => setShown(() => loaded.default),
      () => setFailed(true),
    );
  }, [page]);
  if (isFailed) return <Notice kind="error">{common.failed}</Notice>;
  return Shown ? <Shown rest={rest} /> : <Loading />;
}
