import { createHash, type KeyObject, randomBytes, X509Certificate } from "node:crypto";
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";

/** An answer of the stand-in's. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** An issuer that the app registration trusts, as a federated credential. */
export interface Federated {
  readonly issuer: string;
  readonly subject: string;
  readonly key: KeyObject;
}

/** The tenant's sign-in: the app registration with its credentials, managed identities, and the tokens that they get. */
export class SignIn {
  /** Secrets, by value; a secret that is there with false has expired. */
  readonly secrets = new Map<string, boolean>();
  readonly federated: Federated[] = [];
  /** Managed identities of this machine: "system" and Client IDs. */
  readonly identities = new Set<string>();
  /** What App Service's endpoint asks for in X-IDENTITY-HEADER. */
  readonly identityHeader = randomBytes(8).toString("hex");
  /** Where Azure Arc's agent leaves its secret, with that secret. */
  arc: { readonly file: string; readonly secret: string } | undefined;
  /** Application permissions of whatever signs in. */
  permissions = ["SynchronizationData-User.Upload", "ProvisioningLog.Read.All", "Synchronization.Read.All"];
  lifetimeSeconds = 3599;
  /** Tokens given out so far. */
  issued = 0;
  readonly #certificates = new Map<string, X509Certificate>();
  readonly #used = new Set<string>();
  readonly #key = randomBytes(32);
  readonly #now: () => number;
  readonly #names: { readonly tenant: string; readonly client: string; readonly url: () => string };

  constructor(
    names: { readonly tenant: string; readonly client: string; readonly url: () => string },
    now: () => number,
  ) {
    this.#names = names;
    this.#now = now;
  }

  /** Uploads a certificate to the app registration, PEM. */
  register(pem: string): void {
    const certificate = new X509Certificate(pem);
    this.#certificates.set(createHash("sha256").update(certificate.raw).digest("base64url"), certificate);
  }

  /** The permissions of a token for Graph; undefined of one that does not hold. */
  async permits(authorization: string | undefined): Promise<readonly string[] | undefined> {
    const [, token = ""] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
    const options = { audience: this.#names.url(), currentDate: new Date(this.#now()) };
    const verified = await jwtVerify(token, this.#key, options).catch(() => undefined);
    return verified && (verified.payload.roles as string[]);
  }

  /** POST /{tenant}/oauth2/v2.0/token */
  async token(path: string, form: URLSearchParams): Promise<Reply> {
    const { tenant, client, url } = this.#names;
    const [, asked] = path.split("/");
    if (asked !== tenant) return refusal(400, "invalid_request", 90002, `Tenant '${asked}' not found.`);
    if (form.get("grant_type") !== "client_credentials")
      return refusal(400, "unsupported_grant_type", 70003, "The grant type is not supported.");
    if (form.get("client_id") !== client)
      return refusal(
        400,
        "unauthorized_client",
        700016,
        `Application with identifier '${form.get("client_id")}' was not found.`,
      );
    if (form.get("scope") !== `${url()}/.default`)
      return refusal(400, "invalid_resource", 500011, "The resource principal was not found.");
    const problem = await this.#problemOf(form, `${url()}${path}`);
    if (problem) return refusal(401, "invalid_client", ...problem);
    return { status: 200, body: { token_type: "Bearer", ...(await this.#issue(this.lifetimeSeconds)) } };
  }

  async #problemOf(form: URLSearchParams, audience: string): Promise<[number, string] | undefined> {
    const secret = form.get("client_secret");
    if (secret !== null) {
      if (this.secrets.get(secret) === false) return [7000222, "The provided client secret keys are expired."];
      return this.secrets.has(secret) ? undefined : [7000215, "Invalid client secret provided."];
    }
    const assertion = form.get("client_assertion");
    if (assertion === null || form.get("client_assertion_type") !== ASSERTION)
      return [7000218, "The request body must contain 'client_assertion' or 'client_secret'."];
    const { alg, "x5t#S256": thumbprint } = decodeProtectedHeader(assertion) as { alg?: string; "x5t#S256"?: string };
    return thumbprint === undefined
      ? this.#federatedProblem(assertion)
      : this.#certificateProblem(assertion, alg ?? "", thumbprint, audience);
  }

  async #certificateProblem(
    assertion: string,
    alg: string,
    thumbprint: string,
    audience: string,
  ): Promise<[number, string] | undefined> {
    const { client } = this.#names;
    const certificate = this.#certificates.get(thumbprint);
    if (!certificate || !["PS256", "RS256"].includes(alg))
      return [
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on application.",
      ];
    const now = new Date(this.#now());
    const options = {
      audience,
      issuer: client,
      subject: client,
      currentDate: now,
      clockTolerance: 300,
      requiredClaims: ["exp", "nbf", "jti"],
    };
    try {
      const { payload } = await jwtVerify(assertion, certificate.publicKey, options);
      if (payload.exp! - payload.nbf! > 600) return [700024, "Client assertion is not within its valid time range."];
      if (this.#used.has(payload.jti!)) return [7000214, "The client assertion was used before."];
      this.#used.add(payload.jti!);
      return undefined;
    } catch (error) {
      if (error instanceof errors.JWTExpired) return [700024, "Client assertion is not within its valid time range."];
      return [700027, "Client assertion failed signature validation, or its audience, issuer or subject is wrong."];
    }
  }

  async #federatedProblem(assertion: string): Promise<[number, string] | undefined> {
    for (const { issuer, subject, key } of this.federated) {
      const options = { audience: "api://AzureADTokenExchange", issuer, subject, currentDate: new Date(this.#now()) };
      if (await jwtVerify(assertion, key, options).catch(() => undefined)) return undefined;
    }
    return [700213, "No matching federated identity record found for presented assertion subject."];
  }

  /** The instance metadata service, App Service's endpoint, or Azure Arc's. */
  async identity(url: URL, headers: Readonly<Record<string, string | string[] | undefined>>): Promise<Reply> {
    const isAppService = url.pathname === "/msi/token";
    const isArc = url.pathname === "/arc/token";
    const proof = isAppService ? headers["x-identity-header"] === this.identityHeader : headers.metadata === "true";
    if (!proof)
      return {
        status: 400,
        body: { error: "invalid_request", error_description: "Required metadata header not specified" },
      };
    if (isArc && headers.authorization !== `Basic ${this.arc?.secret}`)
      return { status: 401, headers: { "www-authenticate": `Basic realm=${this.arc?.file}` } };
    const versions = { "/msi/token": "2019-08-01", "/arc/token": "2019-11-01" } as Record<string, string>;
    if (url.searchParams.get("api-version") !== (versions[url.pathname] ?? "2018-02-01"))
      return { status: 400, body: { error: "invalid_request" } };
    if (url.searchParams.get("resource") !== this.#names.url())
      return { status: 400, body: { error: "invalid_resource" } };
    if (!this.identities.has(url.searchParams.get("client_id") ?? "system"))
      return { status: 400, body: { error: "invalid_request", error_description: "Identity not found" } };
    const { access_token, expires_in } = await this.#issue(86_399);
    const expires_on = String(Math.floor(this.#now() / 1000) + expires_in);
    // App Service says no expires_in; the others say it as text.
    return {
      status: 200,
      body: {
        access_token,
        expires_on,
        ...(!isAppService && { expires_in: String(expires_in) }),
        token_type: "Bearer",
      },
    };
  }

  async #issue(seconds: number): Promise<{ access_token: string; expires_in: number }> {
    this.issued++;
    const now = Math.floor(this.#now() / 1000);
    const token = await new SignJWT({ roles: this.permissions, tid: this.#names.tenant })
      .setProtectedHeader({ alg: "HS256" })
      .setAudience(this.#names.url())
      .setJti(String(this.issued))
      .setIssuedAt(now)
      .setExpirationTime(now + seconds)
      .sign(this.#key);
    return { access_token: token, expires_in: seconds };
  }
}

/** An error as the sign-in service tells it. */
const refusal = (status: number, error: string, number: number, text: string): Reply => ({
  status,
  body: { error, error_description: `AADSTS${number}: ${text} Trace ID: 0 Correlation ID: 0`, error_codes: [number] },
});
