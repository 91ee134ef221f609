import { expect, test } from "vitest";
import { settingOf } from "./setting-names";

test.each([
  ["temperature", "temperature"],
  ["stop[3]", "stop"],
  ["settings.stop[3]", "stop"],
  ["settings", null],
  ["history[2].role", null],
  ["constructor", null],
  [null, null],
])("an error's field %s is about the setting %s", (field, setting) => {
  expect(settingOf(field)).toBe(setting);
});
