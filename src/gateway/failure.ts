import type { ConnectorError } from "../connector/error.ts";
import { backendFailures, ScimError } from "../scim/error.ts";

/** A backend failure as reported to the client, with the connector's original error. */
export class BackendError extends ScimError {
  readonly failure: ConnectorError;

  /** Reports a failure in the connector's words, or in others that suit the client. */
  constructor(failure: ConnectorError, detail = failure.message) {
    const [status, scimType] = backendFailures[failure.kind];
    super(status, scimType, detail, { cause: failure, retryAfter: failure.retryAfter });
    this.failure = failure;
  }
}
