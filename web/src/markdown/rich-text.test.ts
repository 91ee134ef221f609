import { expect, test } from "vitest";
import { richTextOf } from "./rich-text";

test.each([
  ["**Bold** and *it*", "<p><strong>Bold</strong> and <em>it</em></p>"],
  ["- [x] done\n- to do", '<li class="task-list-item"><span>☑</span> done</li>'],
  ["- [ ] open", "<span>☐</span> open"],
  ["| f |\n| - |\n| $|x|$ |", "<td>$|x|$</td>"],
  ["so $$x$$ and \\[y = 1\\] hold", "<p>so $$x$$ and $$y = 1$$ hold</p>"],
  ["so $x_1$ holds", "<p>so $x_1$ holds</p>"],
  ["$$\na_1 + *b*\n$$", "<p>$$a_1 + *b*$$</p>"],
  ["| a |\n| - |\n| b |", "<th>a</th>"],
  ["```py\nx = 1\n```", '<pre><code class="language-py">x = 1\n</code></pre>'],
  [
    "[a](https://example.org) [b](javascript:alert(1)) <b>c</b>",
    '<a href="https://example.org">a</a> <span>b</span> &#x3C;b>c',
  ],
  ["[a]\n\n[a]: https://example.org", '<a href="https://example.org">a</a>'],
  ["words[^1]\n\n[^1]: a *note*", "<ol><li><p>a <em>note</em></p></li></ol>"],
  ["H<sub>2</sub>O", "H<sub>2</sub>O"],
])("%j becomes %j", async (text, html) => {
  expect(await richTextOf(text)).toContain(html);
});
