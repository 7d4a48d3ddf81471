// Loaded into `postern` on a documentation page: what a page says about hosts and ports stays as it is, and is led to where this run's
// servers are. POSTERN_DOCS_REDIRECTS holds "db.example.com:5432=127.0.0.1:40001", and ":8880=41002" for ports to listen on.
import net from "node:net";

const redirects = new Map(
  (process.env.POSTERN_DOCS_REDIRECTS ?? "")
    .split(",")
    .filter(Boolean)
    .map((each) => each.split("=")),
);

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (first, ...rest) {
  const portOf = (port) => Number(redirects.get(`:${port}`) ?? port);
  if (typeof first === "object" && first !== null && first.port !== undefined)
    return listen.call(this, { ...first, port: portOf(first.port) }, ...rest);
  return listen.call(this, /^\d+$/.test(String(first)) ? portOf(first) : first, ...rest);
};

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  // Node hands over its own list of arguments, already in order, as the first.
  const given = Array.isArray(args[0]) ? args[0] : args;
  const [first, second, ...rest] = given;
  const isOptions = typeof first === "object" && first !== null;
  const options = isOptions ? first : { port: first, host: typeof second === "string" ? second : "localhost" };
  if (options.port === undefined || options.path) return connect.apply(this, args);
  const target = targetOf(options.host ?? "localhost", options.port);
  if (!target) return connect.apply(this, args);
  const [host, port] = target;
  const callbacks = [
    isOptions || typeof second === "string" ? undefined : second,
    isOptions ? second : undefined,
    ...rest,
  ];
  return connect.call(this, { ...options, host, port, lookup: undefined }, ...callbacks.filter((each) => each));
};

function targetOf(host, port) {
  const named = redirects.get(`${host}:${port}`)?.split(":");
  if (named) return [named[0], Number(named[1])];
  const own = /^(127\.0\.0\.1|localhost|::1)$/.test(host) ? redirects.get(`:${port}`) : undefined;
  return own && ["127.0.0.1", Number(own)];
}
