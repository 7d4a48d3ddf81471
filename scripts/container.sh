#!/usr/bin/env bash
# npm run test:image: builds the Dockerfile and runs the image without a container engine or a registry, as root on Debian. A stand-in for the
# base image is made on the spot. The `docker run` lines of the Dockerfile and of the pages are run as they are written, each in namespaces
# of its own, and the gateway is asked from outside of the container, as Docker would pass requests on.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs DEBIAN_FRONTEND=noninteractive
for tool in buildah debootstrap ip; do
  command -v "$tool" >/dev/null || apt-get install -qq -y --no-install-recommends buildah crun debootstrap iproute2 >/dev/null
done
work=$(mktemp -d)
network=postern-$$
served=
container=
root=
stop() {
  local running
  running=$(ip netns pids "$network" 2>/dev/null || true)
  if [ -n "$running" ]; then kill $running 2>/dev/null || true; fi
  if [ -n "$served" ]; then wait "$served" || true; fi
  served=
}
finish() {
  stop
  ip netns del "$network" 2>/dev/null || true
  if [ -n "$container" ]; then buildah rm "$container" >/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

base=postern-base
if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
  echo "making a stand-in for the base image"
  debootstrap --variant=minbase bookworm "$work/root" >/dev/null
  cp -L node_modules/node/bin/node "$work/root/usr/local/bin/node"
  npm_home=$(cd "$(dirname "$(readlink -f "$(command -v npm)")")/.." && pwd)
  mkdir -p "$work/root/usr/local/lib/node_modules"
  cp -r "$npm_home" "$work/root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/root/usr/local/bin/npm"
  chroot "$work/root" useradd --uid 1000 --create-home node
  tar -C "$work/root" -cf "$work/root.tar" .
  rm -rf "$work/root"
  printf 'FROM scratch\nADD root.tar /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n' >"$work/Containerfile"
  buildah bud -q -t "$base" -f "$work/Containerfile" "$work" >/dev/null
  rm "$work/root.tar"
fi

# What this machine's npm needs to reach its registry, if anything: mounted for the build, never part of the image.
cat /etc/npmrc "$HOME/.npmrc" >"$work/npmrc" 2>/dev/null || true
settings=(-v "$work/npmrc:/root/.npmrc:ro")
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  printf '\ncafile=/etc/extra-ca.pem\n' >>"$work/npmrc"
  settings+=(-v "$NODE_EXTRA_CA_CERTS:/etc/extra-ca.pem:ro")
fi
echo "building"
settings+=(--build-arg "NODE_IMAGE=localhost/$base" --build-arg "COMMIT=$(git rev-parse HEAD)")
buildah bud --layers --format docker --pull=never "${settings[@]}" "$@" -t postern . >"$work/build.log" 2>&1 || { grep -v "npm warn" "$work/build.log" | tail -30; exit 1; }

container=$(buildah from --pull=never postern)
root=$(buildah mount "$container")
# Docker's form of an image, because OCI's has no health check.
buildah inspect "$container" | node -e 'process.stdout.write(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).Docker.config))' >"$work/image.json"
echo "the image holds $(du -sm "$root" | cut -f1) MB, of which Postern is $(du -sm "$root/app" | cut -f1) MB:"
(cd "$root/app" && du -sm -- * | sort -rn)

fail() { echo "FAILED: $*" >&2; exit 1; }
for absent in usr/local/bin/npm usr/local/lib/node_modules app/node_modules/typescript app/node_modules/tedious app/src; do
  [ ! -e "$root/$absent" ] || fail "$absent is in the image"
done
grep -q '"bomFormat": "CycloneDX"' "$root/app/sbom.cdx.json" || fail "there is no SBOM at /app/sbom.cdx.json"
version=$(node -p 'require("./package.json").version')
grep -q "\"org.opencontainers.image.version\":\"$version\"" "$work/image.json" || fail "the image's label has another version than $version"

mkdir "$work/folder"
cat >"$work/folder/my.config.yaml" <<'END'
server: { plainHttp: true }
auth: [{ type: bearer, tokens: [{ name: test, token: "${env:SCIM_TOKEN}" }] }]
connectors:
  trial: { type: memory, kinds: { user: {} } }
routes:
  /scim/v2:
    User: { connector: trial, mapping: postern:scim/user }
safety: { /scim/v2: { guard: { deletes: 20 } } }
state: { url: "sqlite:/var/lib/postern/state.db" }
END
chmod -R a+rX "$work"
export SCIM_TOKEN=a-token-for-the-container
ip netns add "$network"
ip -n "$network" link set lo up
# An address of the container's that is not loopback: that is where Docker passes requests on to.
ip -n "$network" addr add 198.51.100.1/32 dev lo
docker() {
  # What a configuration was mounted on before is no part of the image.
  rm -f "$root"/etc/postern/*
  (cd "$work/folder" && exec node "$here/scripts/docker-run.mjs" "$network" "$root" "$work/image.json" "$work" -- docker "$@")
}
ask() { ip netns exec "$network" curl -fsS --max-time 5 "$@"; }

# The commands that pages and the Dockerfile show, a line each.
mapfile -t lines < <(sed -E 's/^# ?//' Dockerfile README.md docs/guides/*.md | sed -E ':a; /\\$/ { N; s/\\\n */ /; ta }' | tr '\140' '\n' | sed -E 's/^ *(\$ )?//; s/ +/ /g' | grep -E '^docker run .* postern$' | grep -v '[.][.][.]' | sort -u)
[ ${#lines[@]} -ge 2 ] || fail "no docker run lines were found"
for line in "${lines[@]}"; do
  echo "$line"
  read -ra words <<<"$line"
  docker "${words[@]:1}" >"$work/log" 2>&1 &
  served=$!
  for _ in $(seq 100); do ask http://198.51.100.1:8880/healthz >/dev/null 2>&1 && break || sleep 0.2; done
  ask http://198.51.100.1:8880/healthz >/dev/null || { cat "$work/log"; fail "the gateway does not answer from outside of the container"; }
  token=$(sed -nE 's/^Bearer token, made up.*: //p' "$work/log")
  ask -H "Authorization: Bearer ${token:-$SCIM_TOKEN}" "http://198.51.100.1:8880/scim/v2/Users?count=1&attributes=userName" || { cat "$work/log"; fail "users are not served"; }
  echo
  for pid in $(ip netns pids "$network"); do
    if [ "$(cat "/proc/$pid/comm")" = node ] && [ "$(stat -c %u "/proc/$pid")" != 1000 ]; then fail "the gateway does not run as the user node"; fi
  done
  # The health check as the image says it, with the mounts of that line.
  mapfile -t check < <(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).Healthcheck.Test.slice(1).join("\n")' "$work/image.json")
  docker "${words[@]:1}" "${check[@]:2}" || fail "the health check fails while the gateway answers"
  stop
  if docker "${words[@]:1}" "${check[@]:2}" 2>/dev/null; then fail "the health check holds without a gateway"; fi
done
echo "the image was built, ${#lines[@]} docker run lines serve as they are written, and the health check tells whether they do"
