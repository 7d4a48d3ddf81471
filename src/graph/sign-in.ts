import { ConnectorError } from "../connector/error.ts";
import type { Answer } from "../connector/http.ts";

/** What Entra's sign-in errors mean, by their AADSTS number, and what to do. */
const PROBLEMS: Readonly<Record<string, string>> = {
  "7000215": "The client secret is wrong: `credential.secret` must be the secret's value, not its ID.",
  "7000222": "The client secret has expired: make a new one in the app registration, or use a certificate.",
  "7000218": "The request held no credential that the app registration has: check `credential`.",
  "7000112": "The application is disabled: enable sign-in for its enterprise application.",
  "700016": "The tenant knows no such application: check `client` and `tenant`.",
  "700024": "The assertion is outside its time: check the machine's clock.",
  "700027":
    "The certificate's signature was not accepted: upload this certificate to the app registration, under Certificates & secrets.",
  "700030": "The certificate is not valid: its dates, or its issuer, are not accepted.",
  "70021": "No federated credential of the app registration matches the token's issuer and subject.",
  "700211": "No federated credential of the app registration matches the token's issuer.",
  "700212":
    "No federated credential of the app registration matches the token's audience: it should be api://AzureADTokenExchange.",
  "700213": "No federated credential of the app registration matches the token's subject.",
  "90002": "There is no such tenant: check `tenant`, and `login` for national clouds.",
  "500011": "The tenant does not know Microsoft Graph by this address: check `graph`.",
  "53003": "A Conditional Access policy for workload identities blocks the sign-in: allow this machine's network.",
};

/** The error that a token endpoint's answer means. Only the number of Entra's own text is used: the rest may quote what was sent. */
export function signInProblem(
  { status, body, headers }: Answer,
  { login }: { readonly login: string },
): ConnectorError {
  const { error, error_description: description, error_codes: codes } = (body ?? {}) as Record<string, unknown>;
  const [, told] = /^AADSTS(\d{1,9})\b/.exec(typeof description === "string" ? description : "") ?? [];
  const number = told ?? (Array.isArray(codes) && Number.isInteger(codes[0]) ? String(codes[0]) : undefined);
  const code = typeof error === "string" && /^\w{1,50}$/.test(error) ? error : undefined;
  const name = [code, number === undefined ? undefined : `AADSTS${number}`]
    .filter((each) => each !== undefined)
    .join(", ");
  const start = `Entra gave no access token: status ${status}${name === "" ? "" : ` (${name})`}.`;
  const isDown = status === 429 || status >= 500 || code === "temporarily_unavailable";
  if (isDown)
    return new ConnectorError("unavailable", `${start} Try again later.`, {
      retryAfter: Number(headers["retry-after"]) || undefined,
    });
  const meaning =
    (number === undefined ? undefined : PROBLEMS[number]) ??
    (name === ""
      ? `Check that \`login\` (${login}) is Entra's sign-in address.`
      : "Check `tenant`, `client` and `credential`.");
  return new ConnectorError("denied", `${start} ${meaning}`);
}
