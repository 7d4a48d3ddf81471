import type { Loaded } from "./config/load.ts";
import type { Connector } from "./connector/connector.ts";
import type { ConsolePage } from "./console/env.ts";
import { mappingsPage } from "./console/pages/mappings.ts";
import type { ConsoleSources } from "./console-sources.ts";
import { type Generation, openConnector, toldTo } from "./generation.ts";
import { createPlayground, type Ground, type Lent, type Place } from "./playground.ts";
import { save } from "./playground-save.ts";

/** The pages on mappings, on what a gateway has in force. */
export function consoleMappings({ shared, current }: Pick<ConsoleSources, "shared" | "current">): ConsolePage {
  const ground: Ground = {
    loaded: () => current().loaded,
    places: () => placesIn(current().loaded),
    lend: (draft, place) => lend(current(), draft, place),
    mayAsk: true,
    maySave: () => current().loaded.config.console?.playground.save === true,
  };
  return mappingsPage({
    ...createPlayground(ground),
    maySave: ground.maySave,
    save: (request, by) => save({ ground, audit: shared.services.audit }, request, by),
  });
}

/** The resource types of all routes of a configuration. */
export const placesIn = ({ routes }: Loaded): Place[] =>
  [...routes].flatMap(([route, types]) =>
    [...types].map(([type, { connector, mappingFile }]) => ({ route, type, connector, mappingFile })),
  );

/** The gateway's own connectors; another one, which is closed again, where a draft tells it something else. */
function lend({ loaded, connectors }: Generation, draft: Loaded, { connector: name }: Place): Lent {
  const own = new Map<string, Connector>([...connectors].map(([each, { connector }]) => [each, connector]));
  if (JSON.stringify(toldTo(loaded, name)) === JSON.stringify(toldTo(draft, name)))
    return { connectors: own, giveBack: async () => {} };
  const opened = openConnector(draft, name, { warn: () => {} });
  return { connectors: new Map([...own, [name, opened]]), giveBack: opened.close };
}
