// Installs what is missing: the packages that the lockfile names and, with --servers, what the tests need
// beside: Debian's directory servers, probes; with --demo, OpenLDAP's server alone. Plain JavaScript, because it runs before the project's own Node.js is there.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
process.chdir(root);

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    console.error(`${command} ${args.join(" ")} failed${error ? `: ${error.message}` : ` with status ${status}`}`);
    process.exit(1);
  }
}

// npm ci empties the folder first, and through a link that is somebody else's.
for (const folder of ["node_modules", "test/servers/parse/node_modules"])
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) {
    const target = existsSync(folder) ? realpathSync(folder) : "nowhere";
    console.error(
      `${folder} is a link to ${target}, which an installation here would empty. Remove the link, and run this again.`,
    );
    process.exit(1);
  }

const installed = "node_modules/.package-lock.json";
const isStale = !existsSync(installed) || statSync("package-lock.json").mtimeMs > statSync(installed).mtimeMs;
if (isStale || !existsSync("node_modules/.bin/node")) run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);

const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
const isThere = (program) => folders.some((folder) => existsSync(join(folder, program)));

if (process.argv.includes("--demo") && !isThere("slapd"))
  installPackages(["slapd"], "The demo needs OpenLDAP's server. Install it first (Debian, Ubuntu)");

if (process.argv.includes("--servers")) {
  const needed = {
    slapd: ["slapd"],
    ldapsearch: ["ldap-utils"],
    "ns-slapd": ["389-ds-base"],
    samba: ["samba", "samba-ad-dc", "samba-ad-provision", "winbind"],
    dnsmasq: ["dnsmasq-base"],
    openssl: ["openssl"],
    pgrep: ["procps"],
    curl: ["curl"],
    jq: ["jq"],
    sqlite3: ["sqlite3"],
    mariadbd: ["mariadb-server"],
    pg_ctlcluster: ["postgresql"],
    "rabbitmq-server": ["rabbitmq-server"],
    haproxy: ["haproxy"],
    "redis-server": ["redis-server"],
    chromium: ["chromium"],
    sshd: ["openssh-server"],
    zsh: ["zsh"],
    fish: ["fish"],
    "systemd-analyze": ["systemd"],
    php: ["php-cli", "php-mysql", "php-mbstring", "php-bcmath", "php-gd", "php-xml"],
  };
  const packages = Object.entries(needed)
    .filter(([program]) => !isThere(program))
    .flatMap(([, names]) => names);
  // An API that is no part of Postern's own dependencies.
  const parse = "test/servers/parse";
  if (!existsSync(join(parse, "node_modules/.package-lock.json")))
    run("npm", ["ci", "--prefix", parse, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  // Conformance probes that others wrote, in Python.
  const probes = ".cache/probes";
  const canMakeVenv = spawnSync("python3", ["-c", "import ensurepip"], { stdio: "ignore" }).status === 0;
  if (!canMakeVenv) packages.push("python3-venv");
  if (packages.length > 0) installPackages(packages, "The tests need real servers. Install them first");
  if (!existsSync(join(probes, "installed"))) {
    run("python3", ["-m", "venv", probes]);
    const pip = ["install", "--quiet", "--disable-pip-version-check"];
    run(join(probes, "bin/pip"), [...pip, "scim-sanity==0.7.4", "scim2-cli==0.6.0", "scim2-tester==0.5.2"]);
    writeFileSync(join(probes, "installed"), "");
  }
  // An application whose tables are made by its own migrations.
  if (!existsSync(join(probes, "django"))) {
    run(join(probes, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", "django==5.2.*"]);
    writeFileSync(join(probes, "django"), "");
  }
  // Matrix' Synapse, an API of administration.
  const synapse = ".cache/synapse";
  if (!existsSync(join(synapse, "installed"))) {
    run("python3", ["-m", "venv", synapse]);
    const wheels = ["--only-binary", ":all:", "-r", "test/servers/synapse-requirements.txt"];
    run(join(synapse, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", ...wheels]);
    writeFileSync(join(synapse, "installed"), "");
  }
  // A SCIM server that others wrote, before which the Entra simulator is tried.
  const scim2 = ".cache/scim2-server";
  if (!existsSync(join(scim2, "installed"))) {
    run("python3", ["-m", "venv", scim2]);
    run(join(scim2, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", "scim2-server==0.8.3"]);
    writeFileSync(join(scim2, "installed"), "");
  }
  fetchSchemas();
  buildHelm();
}

/** Helm, and a program that decodes manifests into the published Kubernetes types, built from source with the versions of go.sum. */
function buildHelm() {
  const folder = ".cache/helm";
  const sources = "test/servers/helm";
  const built = statSync(join(folder, "manifests"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (["go.sum", "main.go"].every((file) => statSync(join(sources, file)).mtimeMs < built)) return;
  mkdirSync(folder, { recursive: true });
  console.log("building Helm, to test the chart in deploy/helm: about two minutes");
  const args = [
    "build",
    "-trimpath",
    "-ldflags=-s -w",
    "-o",
    join(process.cwd(), folder),
    "helm.sh/helm/v3/cmd/helm",
    ".",
  ];
  const options = { cwd: sources, encoding: "utf8", env: { ...process.env, CGO_ENABLED: "0" } };
  const { status, error, stderr } = spawnSync("go", args, options);
  if (status === 0) return;
  const reason = error?.code === "ENOENT" ? "Go is not installed" : (stderr ?? error.message);
  console.error(`Helm was not built, so the chart in deploy/helm is not tested. Install Go 1.26 or later. ${reason}`);
}

/** Real applications' tables, and the frontend of one, taken out of their Debian packages, which are not installed. */
function fetchSchemas() {
  const folder = ".cache/applications";
  const wanted = {
    mediawiki: "maintenance/tables-generated.sql",
    "zabbix-server-mysql": "zabbix-server-mysql/*.sql.gz",
    "zabbix-frontend-php": "zabbix/*",
    icingaweb2: "schema/mysql.schema.sql",
  };
  const missing = Object.entries(wanted).filter(([name]) => !existsSync(join(folder, name)));
  if (missing.length === 0) return;
  mkdirSync(folder, { recursive: true });
  const download = (name) =>
    spawnSync("apt-get", ["download", "-qq", name], { cwd: folder, stdio: "ignore" }).status === 0;
  for (const [name, file] of missing) {
    if (!download(name)) {
      run("apt-get", ["update", "-qq"]);
      if (!download(name)) console.error(`the package ${name} cannot be had: its tables are not tested`);
    }
    const script = `set -e; for each in ${name}_*.deb; do mkdir -p ${name}.part
      dpkg-deb --fsys-tarfile "$each" | tar -x -C ${name}.part --wildcards '*/${file}'; rm "$each"; mv ${name}.part ${name}; done`;
    spawnSync("sh", ["-c", script], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  }
}

function installPackages(packages, reason) {
  const hasApt = isThere("apt-get");
  const isRoot = process.getuid?.() === 0;
  const canSudo = hasApt && !isRoot && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0;
  if (!hasApt || (!isRoot && !canSudo)) {
    console.error(`${reason}: apt-get install --no-install-recommends ${packages.join(" ")}`);
    process.exit(1);
  }
  const asRoot = (command, args) =>
    isRoot
      ? run(command, args, { DEBIAN_FRONTEND: "noninteractive" })
      : run("sudo", ["DEBIAN_FRONTEND=noninteractive", command, ...args]);
  // The packages must not start servers of their own: the tests and the demo start private ones.
  const policy = "/usr/sbin/policy-rc.d";
  const setPolicy = isRoot && !existsSync(policy);
  if (setPolicy) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    asRoot("apt-get", ["update", "-qq"]);
    asRoot("apt-get", ["install", "-qq", "-y", "--no-install-recommends", ...packages]);
  } finally {
    if (setPolicy) rmSync(policy);
  }
}
