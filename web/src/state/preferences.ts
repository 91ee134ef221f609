// What the reader prefers whenever the page is opened, and the text that the browser keeps of it.

import type { SettingName } from "../protocol/setting-names";
import { PLAIN, type Settings, THINKING } from "./settings";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export interface Preferences {
  theme: Theme;
  /** Whether the list of chats beside the one that is shown is folded away. */
  isFolded: boolean;
  /** Whether the browser tells of an answer that is done while the reader looks elsewhere. */
  notifies: boolean;
  /** What new chats begin with. */
  defaults: Settings;
}

export const NO_PREFERENCES: Preferences = { theme: "system", isFolded: false, notifies: false, defaults: PLAIN };

/** One more whenever what was kept before is to be read in another way. */
const VERSION = 1;

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => value === null || typeof value === "number";
const CHECKS: Record<SettingName, Check> = {
  model: (value) => value === null || isText(value),
  system: isText,
  temperature: isNumber,
  top_p: isNumber,
  max_output_tokens: isNumber,
  stop: isText,
  thinking: (value) => value === null || THINKING.some((level) => level === value),
  tools: isText,
};

/** The text to keep. */
export function textOf(preferences: Preferences): string {
  return JSON.stringify({ version: VERSION, ...preferences });
}

/** Preferences from the text that was kept; a value that is not valid is left out, and costs no other. */
export function preferencesFrom(text: string | null): Preferences {
  const kept = recordOf(parsed(text));
  if (kept.version !== VERSION) return NO_PREFERENCES;
  return {
    theme: THEMES.find((theme) => theme === kept.theme) ?? NO_PREFERENCES.theme,
    isFolded: kept.isFolded === true,
    notifies: kept.notifies === true,
    defaults: settingsIn(kept.defaults),
  };
}

/** Settings from a value that was kept; one that is not valid is left out. */
export function settingsIn(value: unknown): Settings {
  const valid = Object.entries(recordOf(value)).filter(
    ([name, value]) => Object.hasOwn(CHECKS, name) && CHECKS[name as SettingName](value),
  );
  return { ...PLAIN, ...Object.fromEntries(valid) };
}

export function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
