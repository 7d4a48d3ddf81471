import type { Report } from "./report.ts";
import { isSet, isTable, type Path, type Source } from "./source.ts";

/** Settings of which nothing needs to be said: they say what is usual, or belong to something that is told as a whole. */
const USUAL = [
  /^scimgateway\.(port|localhostonly|payloadSize|idleTimeout|scimversion|loglevel|log|scim\.version)\b/,
  /^scimgateway\.(email|emailOnError|azureRelay|stream|kubernetes|certificate)\b/,
  /^scimgateway\.auth\.(basic|bearer|bearerToken|bearerJwt|bearerOAuth)\.(\d+\.)?(username|password|token|clientId|client_id|clientSecret|client_secret|options\.issuer)$/,
  /^scimgateway\.auth\.bearer\.jwt\b/,
  /^scimgateway\.(username|password)$/,
  /^endpoint\.map\b/,
  /\.(type|useColumnNames|rowCollectionOnRequestCompletion|dbname|persistence|rejectUnauthorized)$/,
];

/** Tells the settings of a file that nothing else was said of: those of changed plugins, and misspelt ones. */
export function tellUnknown(source: Source, report: Report): void {
  const walk = (value: unknown, path: Path): void => {
    if (isTable(value) || (Array.isArray(value) && value.some(isTable))) {
      for (const [key, each] of Object.entries(value as object))
        walk(each, [...path, Array.isArray(value) ? Number(key) : key]);
      return;
    }
    if (!isSet(value) || report.isTold(path) || USUAL.some((pattern) => pattern.test(path.join(".")))) return;
    report.left(
      path,
      "Not a setting that scimgateway's own plugins have: if your code uses it, carry over what it does by hand.",
    );
  };
  for (const section of ["scimgateway", "endpoint"]) walk(source.at([section]), [section]);
}
