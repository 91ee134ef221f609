import type { ConversationSettings } from "./frames";

export type SettingName = keyof ConversationSettings;

const NAMES: Readonly<Record<SettingName, true>> = {
  model: true,
  system: true,
  temperature: true,
  top_p: true,
  max_output_tokens: true,
  stop: true,
  thinking: true,
  tools: true,
};

export const SETTING_NAMES = Object.keys(NAMES) as readonly SettingName[];

/** The setting that an error's field such as `stop[1]`, or a conversation's `settings.stop[1]`, is about; null when none. */
export function settingOf(field: string | null): SettingName | null {
  const name = field?.replace(/^settings\./, "").replace(/\[.*/, "");
  return SETTING_NAMES.find((setting) => setting === name) ?? null;
}
