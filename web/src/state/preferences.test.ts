import { expect, test } from "vitest";
import { NO_PREFERENCES, preferencesFrom, textOf } from "./preferences";
import { PLAIN } from "./settings";

const kept = (changes: object) => JSON.stringify({ version: 1, ...NO_PREFERENCES, ...changes });

test("what is written can be read again", () => {
  const preferences = { ...NO_PREFERENCES, theme: "dark" as const };
  expect(preferencesFrom(textOf(preferences))).toEqual(preferences);
});

test("preferences are read as they were kept", () => {
  const defaults = { ...PLAIN, model: "a", temperature: 0.5, thinking: "low" as const };
  expect(preferencesFrom(kept({ theme: "dark", defaults }))).toEqual({ ...NO_PREFERENCES, theme: "dark", defaults });
});

test.each([null, "", "{", "null", "[]", '"x"', kept({ version: 2, theme: "dark" }), kept({ version: undefined })])(
  "what cannot be read is as good as nothing: %s",
  (text) => {
    expect(preferencesFrom(text)).toEqual(NO_PREFERENCES);
  },
);

test("one value that cannot be read costs no other", () => {
  const defaults = {
    system: "Be brief.",
    temperature: "hot",
    thinking: "hard",
    model: 7,
    __proto__: null,
    colour: "red",
  };
  expect(preferencesFrom(kept({ theme: "sepia", defaults }))).toEqual({
    theme: "system",
    isFolded: false,
    notifies: false,
    defaults: { ...PLAIN, system: "Be brief." },
  });
  expect(preferencesFrom(kept({ defaults: null }))).toEqual(NO_PREFERENCES);
});
