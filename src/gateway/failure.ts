import type { ConnectorError } from "../connector/error.ts";
import { backendFailures, ScimError } from "../scim/error.ts";

/** A failure of a backend as the client is told of it, and what the connector said. */
export class BackendError extends ScimError {
  readonly failure: ConnectorError;

  /** Tells of a failure in the connector's words, or in others that the client knows better. */
  constructor(failure: ConnectorError, detail = failure.message) {
    const [status, scimType] = backendFailures[failure.kind];
    super(status, scimType, detail, { cause: failure, retryAfter: failure.retryAfter });
    this.failure = failure;
  }
}
