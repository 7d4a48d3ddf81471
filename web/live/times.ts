import { useState } from "preact/hooks";

/** How the list shows times. */
export const TIMES = ["local", "utc", "ago"] as const;
/** One of these ways. */
export type Times = (typeof TIMES)[number];

const KEY = "postern-times";

/** How times are shown: as this browser was told last. */
export function useTimes(): readonly [Times, (times: Times) => void] {
  const [times, setTimes] = useState<Times>(() => TIMES.find((each) => each === localStorage.getItem(KEY)) ?? "local");
  const choose = (chosen: Times) => {
    localStorage.setItem(KEY, chosen);
    setTimes(chosen);
  };
  return [times, choose];
}
