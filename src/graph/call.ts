import type { Answer, HttpRequest } from "../connector/http.ts";
import type { Purpose } from "./error.ts";
import { commonHeaders } from "./request.ts";

/** Sends a request to Graph with a token, and once more with a new one if that was not accepted. Rejects with an `UploadError`. */
export type Call = (
  request: HttpRequest,
  purpose: Pick<Purpose, "what" | "permission">,
  signal: AbortSignal,
) => Promise<Answer>;

/** A request that reads from Graph. */
export const reading = (url: string): HttpRequest => ({ method: "GET", url, headers: commonHeaders() });
