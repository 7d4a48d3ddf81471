import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { common } from "../texts/common.ts";
import { Loading, Notice } from "./notice.tsx";

/** A component whose code is loaded when it is first shown. */
export function lazy<Props extends object>(
  load: () => Promise<{ readonly default: ComponentType<Props> }>,
): ComponentType<Props> {
  return function Lazy(props: Props) {
    const [Shown, setShown] = useState<ComponentType<Props>>();
    const [isFailed, setFailed] = useState(false);
    useEffect(() => {
      load().then(
        (loaded) => setShown(() => loaded.default),
        () => setFailed(true),
      );
    }, []);
    if (isFailed) return <Notice kind="error">{common.failed}</Notice>;
    return Shown ? <Shown {...props} /> : <Loading />;
  };
}
