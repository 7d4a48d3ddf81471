import type { ConsolePage } from "../../console/env.ts";
import { mappingsPage } from "../../console/pages/mappings.ts";
import { lendFrom, placesIn } from "../playground/config.ts";
import { createPlayground, type Ground } from "../playground/playground.ts";
import { save } from "../playground/save.ts";
import type { ConsoleSources } from "./sources.ts";

/** The pages on mappings, on what a gateway has in force. */
export function consoleMappings({ shared, current }: Pick<ConsoleSources, "shared" | "current">): ConsolePage {
  const ground: Ground = {
    loaded: () => current().loaded,
    places: () => placesIn(current().loaded),
    lend: (draft, place) => {
      const { loaded, connectors } = current();
      const open = new Map([...connectors].map(([name, { connector }]) => [name, connector]));
      return lendFrom(loaded, open, draft, place);
    },
    mayAsk: true,
    maySave: () => current().loaded.config.console?.playground.save === true,
  };
  return mappingsPage({
    ...createPlayground(ground),
    maySave: ground.maySave,
    save: (request, by) => save({ ground, audit: shared.services.audit }, request, by),
  });
}
