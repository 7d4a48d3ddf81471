import { RequestList } from "../live/list.tsx";
import { Request } from "../live/request.tsx";
import type { PageProps } from "../pages.ts";
import "../styles/live.css";

/** Requests as they come, or one of them. */
export default function Live({ rest }: PageProps) {
  return rest === "" ? <RequestList /> : <Request key={rest} id={rest} />;
}
