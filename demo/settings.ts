import type { Places, Secrets } from "./world.ts";

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the company in a container is told by its environment. Throws if something is missing. */
export function settingsIn(env: Environment): { people: number; places: Places; secrets: Secrets } {
  const value = (name: string): string => {
    const given = env[name];
    if (!given) throw new Error(`The environment variable ${name} is not set.`);
    return given;
  };
  const address = (name: string) => {
    const { hostname: host, port } = new URL(value(name));
    return { host, port: Number(port) };
  };
  return {
    people: Number(env.PEOPLE ?? 400),
    places: {
      directory: address("DIRECTORY_URL"),
      relay: { host: "0.0.0.0", port: Number(value("RELAY_PORT")) },
      badges: { host: "0.0.0.0", port: Number(value("BADGES_PORT")) },
      gateway: value("GATEWAY_URL"),
      operations: value("OPERATIONS_URL"),
      hr: value("HR_FOLDER"),
    },
    secrets: {
      directory: value("LDAP_ADMIN_PASSWORD"),
      entra: value("SCIM_TOKEN"),
      reception: value("RECEPTION_TOKEN"),
      operator: value("POSTERN_ADMIN_TOKEN"),
    },
  };
}
