// Keeps the preferences in the browser, under one key.

import { NO_PREFERENCES, type Preferences, preferencesFrom, textOf } from "../state/preferences";

const KEY = "deltawire";

/** Read what the browser keeps; the page's own preferences where it keeps nothing that can be read. */
export function loadPreferences(): Preferences {
  try {
    return preferencesFrom(localStorage.getItem(KEY));
  } catch {
    return NO_PREFERENCES; // the browser lets no page keep anything
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, textOf(preferences));
  } catch {
    // As above, or its storage is full: they hold until the page is closed.
  }
}
