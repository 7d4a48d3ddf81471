import { userInfo } from "node:os";
import { type AdminAddress, askAdmin } from "./admin.ts";

/** Which of a route's stopped changes are released, by whom and why. */
export interface ReleaseOptions {
  readonly route: string;
  readonly type?: string | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly by?: string | undefined;
  readonly reason: string;
}

/** Shows what the change guard of a running gateway let pass, and what it stopped. */
export const guardStatusCommand = (address: AdminAddress): Promise<number> => ask(address, "/guard");

/** Releases changes that the guard stopped: they pass once, when the client asks for them again. */
export const guardReleaseCommand = (address: AdminAddress, { by, ...release }: ReleaseOptions): Promise<number> =>
  ask(address, "/guard/release", { ...release, by: by ?? userInfo().username });

async function ask(address: AdminAddress, path: string, body?: object): Promise<number> {
  const answer = await askAdmin(address, path, body);
  if (!answer) return 1;
  console.log(JSON.stringify(answer.json, undefined, 2));
  return answer.isOk ? 0 : 1;
}
