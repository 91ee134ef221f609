import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { PATHS } from "./src/connection/paths.ts";

const API = process.env.DELTAWIRE_API ?? "http://127.0.0.1:8000";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const compressed = promisify<Buffer, { level: number }, Buffer>(gzip);

/** Write a .br and a .gz beside each asset, so that the server compresses nothing. */
function precompress(): Plugin {
  const compressors = {
    br: promisify(brotliCompress),
    gz: (content: Buffer) => compressed(content, { level: constants.Z_BEST_COMPRESSION }),
  };
  return {
    name: "precompress",
    apply: "build",
    async writeBundle({ dir = "dist" }) {
      const assets = join(dir, "assets");
      const names = (await readdir(assets)).filter((name) => /\.(js|css)$/.test(name));
      await Promise.all(
        names.map(async (name) => {
          const content = await readFile(join(assets, name));
          for (const [suffix, compress] of Object.entries(compressors)) {
            await writeFile(join(assets, `${name}.${suffix}`), await compress(content));
          }
        }),
      );
    },
  };
}

/** Leave out KaTeX's fonts in the formats that no browser of today asks for. */
function woff2Only(): Plugin {
  return {
    name: "woff2-only",
    enforce: "pre",
    transform: (code, id) =>
      id.includes("katex") && id.endsWith(".css")
        ? code.replace(/,\s*url\([^)]*\)\s*format\("(?:woff|truetype)"\)/g, "")
        : undefined,
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), woff2Only(), precompress()],
  resolve: {
    alias: [
      // Reads KaTeX's HTML without the browser, whose own parser holds its style attributes against the policy.
      {
        find: /^hast-util-from-html-isomorphic$/,
        replacement: here("node_modules/hast-util-from-html-isomorphic/index.js"),
      },
    ],
  },
  build: {
    manifest: "manifest.json",
    assetsInlineLimit: 0, // the policy lets no font or script come from a data: address
    modulePreload: { polyfill: false },
    rolldownOptions: {
      checks: { pluginTimings: false },
      // React stays in the browser when a new release brings other files; and without a group of its own, what the first
      // paint shares with later parts would be in further files. What only later parts share is one file: the first script
      // names each file that it may load.
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules\/(react|react-dom|scheduler)\// },
            {
              name: "common",
              test: /src\/(markdown\/(printing|use-copied)|components\/connection\/token-field)\./,
            },
          ],
        },
      },
    },
    chunkSizeWarningLimit: 2_500, // kB; what is large (diagrams, some grammars) is loaded when it is asked for
  },
  test: { testTimeout: 120_000 }, // for a test that hangs: the machine may be busy
  server: {
    // The Host header is kept, so that the server finds the page's origin to be its own.
    proxy: {
      [PATHS.socket]: { target: API, ws: true },
      // What the page asks for, and what a developer opens by hand.
      [`^(${[...Object.values(PATHS), "/schema", "/livez", "/chat"].join("|")})\\b`]: { target: API },
    },
  },
});
