import type { SignInWays } from "./api/sign-in.ts";

/** How this gateway was started, which decides how its commands are called: from a clone's sources, in the image, or as a package. */
export const startedAs = (file = import.meta.filename): SignInWays["startedAs"] =>
  file.endsWith(".ts") ? "clone" : file.startsWith("/app/") ? "container" : "package";
