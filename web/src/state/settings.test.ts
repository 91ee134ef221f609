import { expect, test } from "vitest";
import { NO_PREFERENCES, preferencesFrom } from "./preferences";
import { changesFrom, fieldsOf, PLAIN, settingsFrom } from "./settings";

test("what is not set is no part of the frame", () => {
  expect(fieldsOf(PLAIN)).toEqual({});
  expect(fieldsOf({ ...PLAIN, system: "  \n", stop: "\n\n" })).toEqual({});
});

test("nought is a value like others", () => {
  expect(fieldsOf({ ...PLAIN, temperature: 0, top_p: 0 })).toEqual({ temperature: 0, top_p: 0 });
});

test("each line is a stop string, in which a line break can be written", () => {
  expect(fieldsOf({ ...PLAIN, stop: "END\n\n\\n\\nUser: " })).toEqual({ stop: ["END", "\n\nUser: "] });
});

test("settings are read as they were kept", () => {
  const settings = {
    ...PLAIN,
    model: "a",
    system: "Be brief.",
    temperature: 0,
    stop: "END\n\\n",
    thinking: "low" as const,
  };
  expect(settingsFrom(fieldsOf(settings))).toEqual(settings);
  expect(settingsFrom({})).toEqual(PLAIN);
});

test("what differs from what is kept is changed there, and nothing else", () => {
  const kept = { temperature: 1, stop: ["END"], max_output_tokens: 256 } as const;
  expect(changesFrom({ ...kept, stop: ["END"] }, settingsFrom({ ...kept, stop: ["END"] }))).toBe(null);
  const settings = { ...PLAIN, temperature: 0, max_output_tokens: 256 };
  expect(changesFrom({ ...kept, stop: ["END"] }, settings)).toEqual({ temperature: 0, stop: null });
});

const kept = (changes: object) => JSON.stringify({ version: 1, ...NO_PREFERENCES, ...changes });

test("preferences are read as they were kept", () => {
  const defaults = { ...PLAIN, model: "a", temperature: 0.5, thinking: "low" as const };
  expect(preferencesFrom(kept({ theme: "dark", defaults }))).toEqual({ theme: "dark", defaults });
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
    defaults: { ...PLAIN, system: "Be brief." },
  });
  expect(preferencesFrom(kept({ defaults: null }))).toEqual(NO_PREFERENCES);
});
