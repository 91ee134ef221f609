import { expect, test } from "vitest";
import { withSources } from "./source-list";

test("without sources a text stays as it is", () => {
  expect(withSources("Text. \n", [], "Sources")).toBe("Text. \n");
});

test("sources follow the text, and only pages are links", () => {
  const sources = [
    { number: 1, title: "A [b]\n*c*", uri: "https://a.example/(x) y" },
    { number: 2, title: "Bad", uri: "javascript:alert(1)" },
  ];
  expect(withSources("Text.\n\n", sources, "Sources")).toBe(
    "Text.\n\nSources:\n\n1. [A \\[b\\] \\*c\\*](https://a.example/%28x%29%20y)\n2. Bad\n",
  );
});
