import { expect, test } from "vitest";
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
  const stored = { temperature: 1, stop: ["END"], max_output_tokens: 256 } as const;
  expect(changesFrom({ ...stored, stop: ["END"] }, settingsFrom({ ...stored, stop: ["END"] }))).toBe(null);
  const settings = { ...PLAIN, temperature: 0, max_output_tokens: 256 };
  expect(changesFrom({ ...stored, stop: ["END"] }, settings)).toEqual({ temperature: 0, stop: null });
});
