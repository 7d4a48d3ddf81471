import { RequestList } from "../live/list.tsx";
import { Request, RequestById } from "../live/request.tsx";
import type { PageProps } from "../pages.ts";
import "../styles/live.css";

/** Requests as they come, or one of them: by its entry in the journal, or by its request ID. */
export default function Live({ rest }: PageProps) {
  if (rest === "") return <RequestList />;
  const [, requestId] = /^request\/(.+)$/.exec(rest) ?? [];
  return requestId === undefined ? (
    <Request key={rest} id={rest} />
  ) : (
    <RequestById key={rest} requestId={decoded(requestId)} />
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
