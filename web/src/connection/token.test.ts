import { beforeEach, expect, test } from "vitest";
import { Token, tokenIn } from "./token";

class Tab implements Storage {
  readonly #kept = new Map<string, string>();
  readonly length = 0;
  key = () => null;
  clear = () => this.#kept.clear();
  getItem = (name: string) => this.#kept.get(name) ?? null;
  setItem = (name: string, value: string) => this.#kept.set(name, value);
  removeItem = (name: string) => this.#kept.delete(name);
}

let tab: Tab;
beforeEach(() => {
  tab = new Tab();
});

test("a token is there after a reload, until it is forgotten", () => {
  const token = new Token(tab);
  expect(token.value).toBe(null);
  token.keep("good");
  expect(new Token(tab).value).toBe("good");
  token.forget();
  expect([token.value, new Token(tab).value]).toEqual([null, null]);
});

test("one that is refused gives way to the one before", () => {
  const token = new Token(tab);
  token.keep("good");
  token.keep("bad");
  token.revert();
  expect([token.value, new Token(tab).value]).toEqual(["good", "good"]);
});

test("where nothing can be kept a token holds as long as the page", () => {
  const token = new Token(null);
  token.keep("good");
  expect(token.value).toBe("good");
});

test.each([
  ["abc-_123", "abc-_123"],
  ["  a.b.c\n", "a.b.c"],
  ["Bearer a.b.c", "a.b.c"],
  ["Authorization: bearer a.b.c", "a.b.c"],
  ["", null],
  ["two words", null],
  ['quoted"', null],
  ["comma,", null],
  ["schlüssel", null],
  ["x".repeat(8193), null],
])("of what is pasted, %j, the token is %j", (written, token) => {
  expect(tokenIn(written)).toBe(token);
});
