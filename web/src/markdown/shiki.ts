// Stands in for `shiki` in the build: its few languages and themes instead of three hundred. Each is loaded when an
// answer first uses it.

import { createBundledHighlighter } from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";

const LANGUAGES = [
  { id: "bash", aliases: ["sh", "shell", "zsh", "console"], import: () => import("shiki/langs/bash.mjs") },
  { id: "c", aliases: ["h"], import: () => import("shiki/langs/c.mjs") },
  { id: "cpp", aliases: ["c++", "hpp"], import: () => import("shiki/langs/cpp.mjs") },
  { id: "csharp", aliases: ["c#", "cs"], import: () => import("shiki/langs/csharp.mjs") },
  { id: "css", aliases: [], import: () => import("shiki/langs/css.mjs") },
  { id: "diff", aliases: ["patch"], import: () => import("shiki/langs/diff.mjs") },
  { id: "docker", aliases: ["dockerfile"], import: () => import("shiki/langs/docker.mjs") },
  { id: "go", aliases: ["golang"], import: () => import("shiki/langs/go.mjs") },
  { id: "html", aliases: [], import: () => import("shiki/langs/html.mjs") },
  { id: "ini", aliases: ["properties", "env"], import: () => import("shiki/langs/ini.mjs") },
  { id: "java", aliases: [], import: () => import("shiki/langs/java.mjs") },
  { id: "javascript", aliases: ["js", "mjs"], import: () => import("shiki/langs/javascript.mjs") },
  { id: "json", aliases: ["jsonc", "json5"], import: () => import("shiki/langs/json.mjs") },
  { id: "jsx", aliases: [], import: () => import("shiki/langs/jsx.mjs") },
  { id: "kotlin", aliases: ["kt"], import: () => import("shiki/langs/kotlin.mjs") },
  { id: "lua", aliases: [], import: () => import("shiki/langs/lua.mjs") },
  { id: "make", aliases: ["makefile"], import: () => import("shiki/langs/make.mjs") },
  { id: "markdown", aliases: ["md"], import: () => import("shiki/langs/markdown.mjs") },
  { id: "php", aliases: [], import: () => import("shiki/langs/php.mjs") },
  { id: "python", aliases: ["py"], import: () => import("shiki/langs/python.mjs") },
  { id: "r", aliases: [], import: () => import("shiki/langs/r.mjs") },
  { id: "ruby", aliases: ["rb"], import: () => import("shiki/langs/ruby.mjs") },
  { id: "rust", aliases: ["rs"], import: () => import("shiki/langs/rust.mjs") },
  { id: "sql", aliases: [], import: () => import("shiki/langs/sql.mjs") },
  { id: "swift", aliases: [], import: () => import("shiki/langs/swift.mjs") },
  { id: "toml", aliases: [], import: () => import("shiki/langs/toml.mjs") },
  { id: "tsx", aliases: [], import: () => import("shiki/langs/tsx.mjs") },
  { id: "typescript", aliases: ["ts"], import: () => import("shiki/langs/typescript.mjs") },
  { id: "xml", aliases: ["svg"], import: () => import("shiki/langs/xml.mjs") },
  { id: "yaml", aliases: ["yml"], import: () => import("shiki/langs/yaml.mjs") },
];

export const bundledLanguagesInfo = LANGUAGES;
export const bundledLanguages = Object.fromEntries(
  LANGUAGES.flatMap(({ id, aliases, import: load }) => [id, ...aliases].map((name) => [name, load])),
);
export const createHighlighter = createBundledHighlighter({
  langs: bundledLanguages,
  themes: {
    "github-light-default": () => import("shiki/themes/github-light-default.mjs"),
    "github-dark-default": () => import("shiki/themes/github-dark-default.mjs"),
  },
  engine: () => createJavaScriptRegexEngine(),
});
