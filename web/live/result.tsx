import { Badge } from "../kit/badge.tsx";
import { liveTexts } from "../texts/live.ts";

/** Whether a request succeeded, with its status. */
export const Result = ({ result, status }: { readonly result: "success" | "failure"; readonly status: number }) => (
  <Badge tone={result === "success" ? "good" : status >= 500 ? "bad" : "warn"}>
    {result === "success" ? liveTexts.success : liveTexts.failure} {status}
  </Badge>
);
