import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

/**
 * Traces through OpenTelemetry's API: nothing happens, and it costs next to nothing, until the process loads an SDK
 * (`node --import`). W3C trace context comes in with requests.
 */
const tracer = () => trace.getTracer("postern");

/** Runs a request within a span, a child of the caller's where it sent one. */
export function tracedRequest<T>(headers: Headers, name: string, work: (span: Span) => Promise<T>): Promise<T> {
  const parent = propagation.extract(context.active(), headers, {
    get: (carrier, name) => carrier.get(name) ?? undefined,
    keys: (carrier) => [...carrier.keys()],
  });
  return tracer().startActiveSpan(name, { kind: SpanKind.SERVER }, parent, async (span) => {
    try {
      return await work(span);
    } finally {
      span.end();
    }
  });
}

/** Runs a call of a connector within a span. */
export function tracedCall<T>(connector: string, operation: string, work: () => Promise<T>): Promise<T> {
  const options = { kind: SpanKind.CLIENT, attributes: { "postern.connector": connector } };
  return tracer().startActiveSpan(`${connector} ${operation}`, options, async (span) => {
    try {
      return await work();
    } catch (error) {
      // The kind alone: messages may hold values.
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as { kind?: string }).kind ?? "failed" });
      throw error;
    } finally {
      span.end();
    }
  });
}
