#!/usr/bin/env bash
# Builds the Dockerfile and runs the image without a container engine or a registry, as root on Debian: a stand-in for the
# base image is made on the spot, the gateway is started in a container, and its health and its user are looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs DEBIAN_FRONTEND=noninteractive
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || apt-get install -qq -y --no-install-recommends buildah crun debootstrap >/dev/null
done
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT

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
  printf 'FROM scratch\nADD root.tar /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n' >"$work/Containerfile"
  buildah bud -q -t "$base" -f "$work/Containerfile" "$work" >/dev/null
fi

# What this machine's npm needs to reach its registry, if anything: mounted for the build, never part of the image.
cat /etc/npmrc "$HOME/.npmrc" >"$work/npmrc" 2>/dev/null || true
settings=(-v "$work/npmrc:/root/.npmrc:ro")
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  printf '\ncafile=/etc/extra-ca.pem\n' >>"$work/npmrc"
  settings+=(-v "$NODE_EXTRA_CA_CERTS:/etc/extra-ca.pem:ro")
fi
echo "building"
buildah bud --pull=never --build-arg "NODE_IMAGE=localhost/$base" "${settings[@]}" -t postern . >"$work/build.log" 2>&1 || { grep -v "npm warn" "$work/build.log" | head -30; exit 1; }

mkdir "$work/config"
sed 's|../../mappings/|/app/mappings/|; s|port: 8880|port: 8881, host: 127.0.0.1|' examples/legacy-hr/gateway.config.yaml >"$work/config/gateway.config.yaml"
chmod -R a+rX "$work"
container=$(buildah from --pull=never postern)
buildah run --isolation chroot "$container" -- id
SCIM_TOKEN=a-token-for-the-container buildah run --isolation chroot -e SCIM_TOKEN=a-token-for-the-container \
  -v "$work/config:/etc/postern:ro" "$container" -- node /app/dist/src/main.js serve --config /etc/postern/gateway.config.yaml &
server=$!
for _ in $(seq 50); do curl -fs http://127.0.0.1:8881/healthz && break || sleep 0.2; done
echo
buildah run --isolation chroot -v "$work/config:/etc/postern:ro" "$container" -- node /app/dist/src/main.js health --config /etc/postern/gateway.config.yaml
echo "its health check holds"
curl -fsS -H "Authorization: Bearer a-token-for-the-container" "http://127.0.0.1:8881/scim/v2/Users?count=1&attributes=userName"
echo
echo "the image was built, and the gateway answers in a container"
