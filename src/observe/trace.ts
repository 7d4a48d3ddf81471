import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

/**
 * Traces through OpenTelemetry's API. Without an SDK (`node --import`) they do nothing, at almost no cost. Requests carry W3C trace
 * context.
 */
const tracer = () => trace.getTracer("postern");

/** Runs a request within a span, as a child of the caller's span if there is one. */
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

/** Runs a connector call within a span. */
export function tracedCall<T>(connector: string, operation: string, work: () => Promise<T>): Promise<T> {
  const options = { kind: SpanKind.CLIENT, attributes: { "postern.connector": connector } };
  return tracer().startActiveSpan(`${connector} ${operation}`, options, async (span) => {
    try {
      return await work();
    } catch (error) {
      // Only the kind: messages may contain values.
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as { kind?: string }).kind ?? "failed" });
      throw error;
    } finally {
      span.end();
    }
  });
}
