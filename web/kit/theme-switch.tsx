import { useState } from "preact/hooks";
import { common } from "../texts/common.ts";
import { Choice } from "./field.tsx";

const KEY = "postern-theme";

/** Chooses light, dark, or what the system says. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(() => localStorage.getItem(KEY) ?? "system");
  const choose = (chosen: string) => {
    setTheme(chosen);
    if (chosen === "system") {
      localStorage.removeItem(KEY);
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem(KEY, chosen);
      document.documentElement.dataset.theme = chosen;
    }
  };
  const { label, system, light, dark } = common.theme;
  const options = [
    ["system", system],
    ["light", light],
    ["dark", dark],
  ] as const;
  return <Choice label={label} value={theme} options={options} onChange={choose} />;
}
