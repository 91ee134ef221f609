// How markdown is read: CommonMark, GitHub's tables, task lists, strikethrough, bare addresses and notes, emphasis beside
// Chinese and Japanese punctuation, and what docs/reference/answers.md lists.

import type { Schema } from "hast-util-sanitize";
import rehypeSanitize, { defaultSchema } from "rehype-sanitize";
import remarkCjkFriendly from "remark-cjk-friendly";
import remarkCjkFriendlyStrikethrough from "remark-cjk-friendly-gfm-strikethrough";
import remarkGfm from "remark-gfm";
import type { PluggableList } from "unified";
import type { References } from "../references";
import { remarkAddresses } from "./addresses";
import { ALERTS, remarkAlerts } from "./alerts";
import { remarkBreaks } from "./breaks";
import { remarkHtmlTags } from "./html-tags";
import { remarkImages } from "./images";
import { rehypeLinks } from "./links";
import { remarkReferences } from "./references";
import { remarkTables } from "./tables";

/** Its names may clobber nothing: the page looks up none of its own by id or name. */
const SCHEMA: Schema = {
  ...defaultSchema,
  clobberPrefix: "",
  tagNames: [...(defaultSchema.tagNames ?? []).filter((name) => name !== "img"), "mark"],
  protocols: { ...defaultSchema.protocols, href: null }, // rehypeLinks decides
  attributes: {
    ...defaultSchema.attributes,
    a: [...(defaultSchema.attributes?.a ?? []), "dataCitation"],
    blockquote: [["dataAlert", ...ALERTS]],
  },
};

export const REHYPE_PLUGINS: PluggableList = [[rehypeSanitize, SCHEMA], rehypeLinks];

/** The plugins that read one piece of an answer, which names these references. */
export function remarkPlugins({ definitions, notes }: References, growing: boolean, prefix: string): PluggableList {
  const known = {
    definitions: [...definitions.values()],
    notes: notes.map(({ id, number }) => ({ id, number })),
    prefix: notes.length === 0 ? "" : prefix,
  };
  return [
    remarkCjkFriendly,
    remarkGfm,
    remarkCjkFriendlyStrikethrough,
    [remarkReferences, known],
    remarkTables,
    remarkImages,
    remarkAddresses,
    remarkAlerts,
    [remarkHtmlTags, { growing }],
    remarkBreaks,
  ] as PluggableList;
}
