#!/usr/bin/env bash
# Write data/shop/shop.min.js, which shops load, from shop.js; with --check, only compare.
set -euo pipefail
cd "$(dirname "$0")/.."
made=$( (printf 'export default '; cat data/shop/shop.js) \
  | npx --no-install esbuild --minify --target=es2021 --loader=js | sed -e 's/^export default *//' -e '$ s/;$//')
if [ "${1:-}" = --check ]; then
  [ "$made" = "$(cat data/shop/shop.min.js)" ] || { echo "data/shop/shop.min.js is out of date: make shop-js"; exit 1; }
else
  printf '%s\n' "$made" > data/shop/shop.min.js
fi
