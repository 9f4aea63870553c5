#!/usr/bin/env bash
# Lint, type-check and test the browser's code; says why where it can't.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "skipped: the JavaScript checks need node and npm (Debian packages nodejs, npm)"
  exit 0
fi
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  echo "skipped: the JavaScript checks need node 20 or newer, here is $(node --version)"
  exit 0
fi
if [ ! -d node_modules/@biomejs ] && ! npm ci --silent --no-audit --no-fund; then
  echo "skipped: the tools of package-lock.json could not be installed (no package index?)"
  exit 0
fi
# Not asked of the styles: `!important` (Gradio's own rules are the more specific ones) and the
# order of selectors.
npx --no-install biome lint --error-on-warnings ui/assets data/shop/shop.js
npx --no-install tsc --project jsconfig.json
if [ -x node_modules/.bin/esbuild ]; then scripts/build_shop_js.sh --check; fi
shopt -s nullglob
tests=(tests/js/*.test.*js)
if [ ${#tests[@]} -gt 0 ]; then node --test "${tests[@]}"; else echo "no tests in tests/js"; fi
