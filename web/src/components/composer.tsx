import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from "react";
import { runningAnswer } from "../chat/conversation";
import { shownConversation } from "../chat/state";
import { useChat, useChatState } from "../hooks/use-chat";
import { Icon } from "./icon";
import { breaksOrSends } from "./keys";
import { ThinkingSwitch } from "./thinking-switch";

/** Where questions are written and answers stopped. */
export function Composer() {
  const chat = useChat();
  const shown = useChatState((state) => state.shown);
  const running = useChatState((state) => {
    const conversation = shownConversation(state);
    return conversation && runningAnswer(conversation);
  });
  const [draft, setDraft] = useState("");
  const box = useRef<HTMLTextAreaElement>(null);
  const canSend = running === null && draft.trim() !== "";

  // biome-ignore lint/correctness/useExhaustiveDependencies: another chat is shown in order to write in it
  useEffect(() => box.current?.focus(), [shown]);

  const send = () => {
    if (!canSend) return;
    chat.ask(draft);
    setDraft("");
  };
  const stop = () => {
    chat.stop();
    box.current?.focus(); // the button goes away and would take the focus with it
  };
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (breaksOrSends(event) !== "send") return;
    event.preventDefault();
    send();
  };
  return (
    <form className="composer" onSubmit={onSubmit}>
      <textarea
        ref={box}
        aria-label="Message"
        placeholder="Write a message"
        enterKeyHint="send"
        autoComplete="off"
        rows={1}
        className="field-sizing-content block max-h-[40dvh] w-full resize-none bg-transparent px-4 pt-3.5 placeholder:text-muted-foreground outline-none"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onFocus={chat.wake}
        onKeyDown={onKeyDown}
      />
      <div className="flex items-center justify-between gap-2 p-2">
        <ThinkingSwitch />
        {running === null ? (
          <button type="submit" aria-label="Send" title="Send" className="round" disabled={!canSend}>
            <Icon name="send" className="size-5" />
          </button>
        ) : (
          <button type="button" className="button" disabled={running.status === "stopping"} onClick={stop}>
            <span aria-hidden="true" className="size-2.5 rounded-xs bg-current" /> Stop
          </button>
        )}
      </div>
    </form>
  );
}
