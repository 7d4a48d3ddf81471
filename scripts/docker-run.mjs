// Does what `docker run` does, for scripts/container.sh, on a machine without a container engine: namespaces for mounts, processes and the
// network, the image's user and environment, volumes, a file system that is read-only. As root on Linux.
//   docker-run.mjs NETWORK ROOT IMAGE.json WORK -- docker run ...
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [network, root, image, work, , , , ...args] = process.argv.slice(2);
const {
  Env = [],
  Entrypoint = [],
  Cmd = [],
  User,
  WorkingDir = "/",
  Volumes = {},
} = JSON.parse(readFileSync(image, "utf8"));
const WITH_VALUE = ["-p", "-e", "-v", "--tmpfs", "--name", "--cap-drop", "--security-opt"];

const given = { "-e": [], "-v": [], "--tmpfs": [] };
let isReadOnly = false;
while (args[0]?.startsWith("-")) {
  const option = args.shift();
  if (option === "--read-only") isReadOnly = true;
  else if (WITH_VALUE.includes(option)) given[option] = [...(given[option] ?? []), args.shift()];
  else if (!["--rm", "-d", "-it"].includes(option)) throw new Error(`docker run ${option} is not known here`);
}
const [, ...command] = args;

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const inRoot = (path) => quoted(join(root, path));
/** What is mounted: a folder or a file of this machine, or a volume, which begins with what the image has there. */
const mounts = [
  ...given["-v"],
  ...Object.keys(Volumes).filter((path) => !given["-v"].some((each) => each.includes(`:${path}`))),
].map((each) => {
  const [from, to = from, mode] = each.includes(":") ? each.split(":") : [`anonymous${process.pid}`, each];
  if (/^[./]/.test(from)) {
    const source = quoted(resolve(from));
    return `[ -e ${inRoot(to)} ] || { [ -d ${source} ] && mkdir -p ${inRoot(to)} || install -D /dev/null ${inRoot(to)}; }
mount --bind ${source} ${inRoot(to)}${mode === "ro" ? `; mount -o remount,ro,bind ${inRoot(to)}` : ""}`;
  }
  const volume = join(work, "volumes", from);
  mkdirSync(join(work, "volumes"), { recursive: true });
  return `[ -e ${quoted(volume)} ] || cp -a ${inRoot(to)} ${quoted(volume)}; mount --bind ${quoted(volume)} ${inRoot(to)}`;
});
const environment = [
  ...Env,
  ...given["-e"].map((each) => (each.includes("=") ? each : `${each}=${process.env[each] ?? ""}`)),
];
const run = [...Entrypoint, ...(command.length > 0 ? command : Cmd)].map(quoted).join(" ");
const script = `set -e
mount --make-rprivate /
mount --bind ${quoted(root)} ${quoted(root)}
mount -t proc proc ${inRoot("/proc")}
for each in null zero urandom random; do touch ${inRoot("/dev")}/$each; mount --bind /dev/$each ${inRoot("/dev")}/$each; done
${isReadOnly ? `mount -o remount,ro,bind ${quoted(root)} ${quoted(root)}` : ""}
${given["--tmpfs"].map((path) => `mount -t tmpfs -o mode=1777 tmpfs ${inRoot(path)}`).join("\n")}
id=$(awk -F: -v name=${quoted(User)} '$1 == name { print $3 }' ${inRoot("/etc/passwd")})
exec chroot --userspec="$id:$id" ${quoted(root)} /usr/bin/setpriv --no-new-privs /usr/bin/env -i ${environment.map(quoted).join(" ")} \
  /bin/sh -c 'cd "$0" && exec "$@"' ${quoted(WorkingDir)} ${run}`;
const ordered = script.replace("for each in null", `${mounts.join("\n")}\nfor each in null`);
const child = spawn(
  "ip",
  ["netns", "exec", network, "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ordered],
  {
    stdio: "inherit",
  },
);
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => child.kill("SIGTERM"));
child.on("exit", (status) => {
  process.exitCode = status ?? 1;
});
