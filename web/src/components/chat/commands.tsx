import { useEffect, useId, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { isConverting } from "../../keyboard/keys";
import { MESSAGE_BOX, toMessageBox } from "../../keyboard/message-box";
import type { Prompt } from "../../protocol/frames";
import { draftOf } from "../../state/drafts";
import { shownPlace } from "../../state/state";

const SHOWN_CHARS = 80;

/** The reader's own prompts, while `/` and the beginning of a name stand in the message box. */
export function Commands() {
  const chat = useChat();
  const words = useWords();
  const id = useId();
  const place = useChatState(shownPlace);
  const text = useChatState((state) => draftOf(state, place).text);
  const commands = useChatState((state) => state.commands);
  const [at, setAt] = useState(0);
  const [declined, setDeclined] = useState<string | null>(null);
  if (declined !== null && text === "") setDeclined(null);
  const begun = text === declined ? undefined : /^\/(\S*)$/.exec(text)?.[1]?.toLowerCase();
  const found = begun === undefined ? [] : commands.filter(({ name }) => name.toLowerCase().startsWith(begun));
  const first = found[Math.min(at, found.length - 1)];
  const take = (prompt: Prompt) => {
    chat.store.dispatch({ type: "write", chat: place, text: prompt.text });
    toMessageBox();
  };
  useKeys(found, first, { setAt, take, decline: () => setDeclined(text) });
  useEffect(() => {
    const box = document.getElementById(MESSAGE_BOX);
    if (first === undefined) return;
    box?.setAttribute("aria-activedescendant", `${id}-${first.id}`);
    box?.setAttribute("aria-controls", id);
    return () => {
      box?.removeAttribute("aria-activedescendant");
      box?.removeAttribute("aria-controls");
    };
  }, [first, id]);
  if (begun === undefined) return null;
  if (found.length === 0) {
    return commands.length > 0 ? null : (
      <p className="commands px-3 py-2 text-muted-foreground text-sm">
        {words.no_prompts}{" "}
        <button type="button" className="text-button" onClick={() => chat.open("prompts")}>
          {words.new_prompt}
        </button>
      </p>
    );
  }
  return (
    <div id={id} role="listbox" aria-label={words.prompts} className="commands">
      {found.map((prompt) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the message box, whose arrows move here
        // biome-ignore lint/a11y/useKeyWithClickEvents: the same
        <div
          key={prompt.id}
          id={`${id}-${prompt.id}`}
          role="option"
          dir="auto"
          aria-selected={prompt === first}
          onClick={() => take(prompt)}
        >
          <span className="font-medium">/{prompt.name}</span>{" "}
          <span className="text-muted-foreground">{beginningOf(prompt.text)}</span>
        </div>
      ))}
    </div>
  );
}

/** So much of a prompt as is shown; by characters, as a UTF-16 unit may be half of one. */
function beginningOf(text: string): string {
  return Array.from(text.slice(0, 2 * SHOWN_CHARS))
    .slice(0, SHOWN_CHARS)
    .join("");
}

interface Handlers {
  setAt: (change: (at: number) => number) => void;
  take: (prompt: Prompt) => void;
  decline: () => void;
}

/** Arrows choose, Enter and Tab take, Escape leaves what is written as it is: before the message box hears of them. */
function useKeys(found: readonly Prompt[], first: Prompt | undefined, { setAt, take, decline }: Handlers): void {
  useEffect(() => {
    if (first === undefined) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.target as HTMLElement).id !== MESSAGE_BOX || isConverting(event) || event.shiftKey) return;
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (step !== 0) setAt((at) => (Math.min(at, found.length - 1) + step + found.length) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") take(first);
      else if (event.key === "Escape") decline();
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    document.addEventListener("keydown", onKeyDown, true);
    return () => document.removeEventListener("keydown", onKeyDown, true);
  });
}
