/** What a browser does between its pages: keeps cookies by host and port, and follows no redirect by itself. */
export interface Visitor {
  readonly get: (url: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
  /** The cookies of an address by name. Tests may change them. */
  readonly cookies: (url: string) => Map<string, string>;
}

/** A new browser. */
export function newVisitor(): Visitor {
  const jars = new Map<string, Map<string, string>>();
  const cookies = (url: string) => {
    const { origin } = new URL(url);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };
  const send = async (url: string, init: RequestInit) => {
    const jar = cookies(url);
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const each of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
      if (value === "" || /max-age=0/i.test(each)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
  return { send, cookies, get: (url, headers = {}) => send(url, { headers: { accept: "text/html", ...headers } }) };
}
