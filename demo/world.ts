// What is around the gateway: the company's directory, with faults, the API of the badges, Entra, HR and the reception desk.
// `npm run demo` uses it; in a container of its own (demo/docker-compose.yaml) this file is the program.
import { runReception, startBadges } from "./badges.ts";
import { drawCompany, fillDirectory } from "./company.ts";
import { type Part, runEntra } from "./entra.ts";
import { type Address, repeat, startRelay } from "./faults.ts";
import { runHr } from "./hr.ts";

/** Where everything is. */
export interface Places {
  /** The directory, and where the gateway finds it. */
  readonly directory: Address;
  readonly relay: Address;
  readonly badges: Address;
  /** The gateway and its operators' address, as URLs. */
  readonly gateway: string;
  readonly operations: string;
  /** The folder that HR's exports are written to. */
  readonly hr: string;
}

/** What the demo proves who it is with. */
export interface Secrets {
  readonly directory: string;
  readonly entra: string;
  readonly reception: string;
  readonly operator: string;
}

/** Everything around the gateway. */
export interface World {
  /** Lets things happen until the demo ends. Needs a gateway that serves. */
  readonly run: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Fills the directory, and starts what the gateway asks. */
export async function prepareWorld(people: number, places: Places, secrets: Secrets, part: Part): Promise<World> {
  const company = drawCompany(people);
  const { directory, gateway, operations, hr } = places;
  await fillDirectory(`ldap://${directory.host}:${directory.port}`, secrets.directory, company);
  const relay = await startRelay(places.relay, directory);
  const badges = await startBadges(places.badges, company);
  const faults = [
    { says: "The directory is busy for some seconds.", first: 60, every: 150, lasts: 8, set: relay.setBusy },
    { says: "The API of the badges is away for a while.", first: 100, every: 240, lasts: 20, set: badges.setAway },
  ];
  return {
    run: async () => {
      await Promise.all([
        runEntra({ endpoint: `${gateway}/scim/v2`, token: secrets.entra, company }, part),
        runHr({ folder: hr, company, operations, token: secrets.operator }, part),
        runReception({ endpoint: `${gateway}/badges`, token: secrets.reception, company }, part),
        ...faults.map((fault) => repeat(fault, part)),
      ]);
    },
    stop: async () => {
      await relay.stop();
      await badges.stop();
    },
  };
}
