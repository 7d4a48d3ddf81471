import { Page } from "../kit/page.tsx";
import { pageNames } from "../texts/common.ts";

/** What an operator looks at first. */
export default function Overview() {
  return <Page title={pageNames.overview}>…</Page>;
}
