#!/usr/bin/env bash
# Proves the README on a bare Debian 12: debootstrap, a clone of HEAD, `./dev test`, then `./dev run` until a page answers.
# Root only, by hand. The chroot gets the host's package-client settings and certificate store, nothing else, unless
# REALLIVE_FRESH_CCACHE names a ccache directory that it may use: what is compiled is the same, only sooner.
set -euo pipefail
top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
[ "$(id -u)" = 0 ] || { echo "fresh: must be root (debootstrap, mount)" >&2; exit 1; }
root=${REALLIVE_FRESH_ROOT:-/var/tmp/reallive-fresh}
mirror=$(sed -n 's/^URIs: *//p; s/^deb \([^ ]*\) .*/\1/p' /etc/apt/sources.list /etc/apt/sources.list.d/debian* 2>/dev/null | head -n 1 || true)
say() { printf '==> %s\n' "$*" >&2; }

unmount() {
  for place in root/.cache/ccache dev/pts dev/shm dev proc sys; do
    mountpoint -q "$root/$place" && umount -l "$root/$place"
  done
  true
}
trap unmount EXIT
unmount
rm -rf --one-file-system "$root"

say "debootstrap bookworm into $root"
debootstrap --variant=minbase --include=ca-certificates,git,bash bookworm "$root" "${mirror:-http://deb.debian.org/debian}" >/var/tmp/reallive-debootstrap.log 2>&1 ||
  { tail -n 20 /var/tmp/reallive-debootstrap.log >&2; exit 1; }
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount --bind /dev "$root/dev"
mount -t devpts devpts "$root/dev/pts" 2>/dev/null || mount --bind /dev/pts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
if [ -n "${REALLIVE_FRESH_CCACHE:-}" ]; then
  mkdir -p "$root/root/.cache/ccache"
  mount --bind "$REALLIVE_FRESH_CCACHE" "$root/root/.cache/ccache"
fi

# How this host reaches its package sources (mirrors, proxies, certificates).
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
rm -f "$root"/etc/apt/apt.conf.d/docker-clean
mkdir -p "$root/usr/local/share/ca-certificates"
cp -aL /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
chroot "$root" update-ca-certificates >/dev/null 2>&1
cp --remove-destination /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
for file in /etc/apt/sources.list.d/debian*; do [ -f "$file" ] && cp "$file" "$root/etc/apt/sources.list.d/"; done
for file in "$HOME/.npmrc" /usr/etc/npmrc /etc/npmrc; do
  [ -f "$file" ] && install -D -m 600 "$file" "$root/${file#/}"
done
command -v npm >/dev/null && npm config get registry | sed 's/^/registry=/' >>"$root/root/.npmrc"

say "cloning HEAD"
git -c safe.directory='*' clone -q "$top" "$root/root/reallive"

inside() {
  env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt CCACHE_NOHASHDIR=1 chroot "$root" bash -c "cd /root/reallive && $1"
}

say "./dev run until the page answers"
inside './dev run --set http.listen=127.0.0.1:18080 --set https.listen=off --set webrtc.listen=127.0.0.1:0' >"$root/run.log" 2>&1 &
server=$!
began=$SECONDS
until curl -fsS http://127.0.0.1:18080/ 2>/dev/null | grep -qi '<title>' && curl -fsS http://127.0.0.1:18080/readyz >/dev/null; do
  kill -0 $server 2>/dev/null || { cat "$root/run.log" >&2; echo "fresh: ./dev run ended" >&2; exit 1; }
  [ $((SECONDS - began)) -lt 3000 ] || { cat "$root/run.log" >&2; echo "fresh: no page after 50 minutes" >&2; exit 1; }
  sleep 2
done
say "./dev run answers after $((SECONDS - began)) s"
pkill -TERM -f 'reallive serve --data /root/.local/share/reallive-demo' || true
wait $server || true
grep -v '^\s*$' "$root/run.log" | tail -n 15

say "./dev test"
inside "CI=true ./dev test" | tee "$root/test.log" | tail -n 60

say "meson install, and the installed server finds its plugins and page"
inside 'meson install -C build --no-rebuild >/dev/null && cd / && /usr/local/bin/reallive --version'
