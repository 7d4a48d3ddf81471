import { type ComponentType, createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Me } from "../src/console/api/me.ts";
import { type ApiError, get, setToken } from "./api.ts";
import { Failure, Loading, Notice } from "./kit/notice.tsx";
import { ThemeSwitch } from "./kit/theme-switch.tsx";
import { problem, SignIn } from "./pages/sign-in.tsx";
import { type PageEntry, type PageProps, pages } from "./pages.ts";
import { BASE, Link, navigate, usePlace } from "./router.tsx";
import { common } from "./texts/common.ts";

const Signed = createContext<Me | undefined>(undefined);

/** Whoever is signed in. For pages: they are shown to nobody else. */
export const useMe = (): Me => useContext(Signed)!;

/** How long until it is asked again who is signed in, in milliseconds. */
const AGAIN_MS = 2000;

/** The whole console: sign-in, or the menu and a page. */
export function App() {
  const [me, setMe] = useState<Me | null>();
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = () => {
      clearTimeout(timer);
      get<Me>("/me").then(
        (found) => {
          setError(undefined);
          setToken(found.csrf);
          if (found.home !== undefined && location.pathname === `${BASE}/`) navigate(found.home, { replace: true });
          setMe(found);
        },
        (failure: ApiError) => {
          const isUnknown = failure.status === 0 || failure.status === 503;
          setError(isUnknown ? failure : undefined);
          if (isUnknown) timer = setTimeout(load, AGAIN_MS);
          else setMe(null);
        },
      );
    };
    const left = () => setMe(null);
    addEventListener("postern-signed-out", left);
    addEventListener("postern-signed-in", load);
    load();
    return () => {
      clearTimeout(timer);
      removeEventListener("postern-signed-out", left);
      removeEventListener("postern-signed-in", load);
    };
  }, []);
  if (problem !== undefined) return <SignIn />;
  if (error)
    return (
      <main>
        <Failure error={error} />
      </main>
    );
  if (me === undefined) return <Loading />;
  if (me === null) return <SignIn />;
  return (
    <Signed.Provider value={me}>
      <Frame me={me} />
    </Signed.Provider>
  );
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
  const shown = pages.filter(({ path: each }) => me.home === undefined || me.home.startsWith(`${each}/`));
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
