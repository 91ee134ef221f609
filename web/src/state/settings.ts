// What a turn is usable with beside its question. Values are kept as they were written, good or not: which of them
// are allowed is the server's to say, at the field.

import type { Chat, ConversationSettings, ModelList } from "../protocol/frames";
import { SETTING_NAMES, type SettingName } from "../protocol/setting-names";

export type Thinking = NonNullable<Chat["thinking"]>;
export const THINKING: readonly Thinking[] = ["off", "low", "medium", "high"];

export interface Settings extends Record<SettingName, unknown> {
  /** null for the server's default. */
  model: string | null;
  /** The system instruction; none when it is empty. */
  system: string;
  /** null for the model's own, as in the two below. */
  temperature: number | null;
  top_p: number | null;
  max_output_tokens: number | null;
  /** A stop string in each line; `\n` in it is a line break. */
  stop: string;
  /** null for the model's own, and no thoughts are shown. */
  thinking: Thinking | null;
  /** The names of the tools that the model may use, with spaces between. */
  tools: string;
}

export const PLAIN: Settings = {
  model: null,
  system: "",
  temperature: null,
  top_p: null,
  max_output_tokens: null,
  stop: "",
  thinking: null,
  tools: "",
};

/** The fields of a `chat` frame; what is not set is absent. */
export function fieldsOf(
  settings: Settings,
): Pick<Chat, Exclude<SettingName, "tools">> & Pick<ConversationSettings, "tools"> {
  const stop = settings.stop.split("\n").filter((line) => line !== "");
  const fields = {
    ...settings,
    system: settings.system.trim() === "" ? null : settings.system,
    stop: stop.length === 0 ? null : stop.map((line) => line.replaceAll("\\n", "\n")),
    tools: settings.tools === "" ? null : settings.tools.split(" "),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** Whether a tool may be used here. */
export function offers(models: ModelList | null, tool: string): boolean {
  return models?.tools?.some((name) => name === tool) ?? false;
}

/** What is asked with these settings now: without what is not offered at the moment, and with the default model then. */
export function offered(settings: Settings, models: ModelList | null): Settings {
  const isOffered = settings.model === null || models === null || models.any || models.models.includes(settings.model);
  const used = settings.tools.split(" ").filter((tool) => offers(models, tool));
  const usable = { ...settings, tools: used.join(" ") };
  return isOffered ? usable : { ...usable, model: models.default };
}

/** Settings from what the store keeps of them: the reverse of `fieldsOf`. */
export function settingsFrom(stored: ConversationSettings): Settings {
  const lines = stored.stop?.map((line) => line.replaceAll("\n", "\\n"));
  const tools = stored.tools?.join(" ") ?? "";
  return { ...PLAIN, ...stored, system: stored.system ?? "", stop: lines?.join("\n") ?? "", tools };
}

/** What has to be changed in the store so that it holds these settings: null takes one away. None when nothing has. */
export function changesFrom(stored: ConversationSettings, settings: Settings): ConversationSettings | null {
  const fields = fieldsOf(settings);
  const names = SETTING_NAMES.filter(
    (name) => JSON.stringify(stored[name] ?? null) !== JSON.stringify(fields[name] ?? null),
  );
  return names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));
}
