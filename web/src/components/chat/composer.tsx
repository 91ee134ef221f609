import { type KeyboardEvent, type ReactNode, type RefObject, type SubmitEvent, useEffect, useRef } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { useRecall } from "../../hooks/use-recall";
import { breaksOrSends, opensKeyboard } from "../../keyboard/keys";
import { MESSAGE_BOX } from "../../keyboard/message-box";
import { type Answer, runningAnswer } from "../../state/conversation";
import { draftOf } from "../../state/drafts";
import { type State, shownConversation, shownPlace } from "../../state/state";
import { GrowingBox } from "../ui/growing-box";
import { Icon } from "../ui/icon";

const SEND = "M12 19V6m-6 6 6-6 6 6";
/** What the message box is called until the page has its words. */
const NAME = document.title;

interface Props {
  /** The files, above the box. */
  tray: ReactNode;
  /** The controls beside the button. */
  children: ReactNode;
}

/** The box in which questions are written, and the button that sends them or stops the answer. */
export function Composer({ tray, children }: Props) {
  const chat = useChat();
  const words = useWords();
  const shown = useChatState((state) => state.shown);
  const at = useChatState(shownPlace);
  const running = useChatState((state) => runningAnswer(shownConversation(state)));
  const draft = useChatState((state) => draftOf(state, at).text);
  const setDraft = (text: string) => chat.store.dispatch({ type: "write", chat: at, text });
  const recall = useRecall(draft, setDraft);
  const box = useRef<HTMLTextAreaElement>(null);
  const canSend = useChatState((state) => textToSend(state) !== null);
  useBoxFocus(box, shown, running?.id);

  const send = (event: SubmitEvent | KeyboardEvent) => {
    event.preventDefault();
    // By the state of now: a second Enter may come before what the first one has changed is drawn.
    const text = textToSend(chat.store.state);
    if (text !== null) chat.turns.ask(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    recall(event);
    if (breaksOrSends(event) === "send") send(event);
  };
  return (
    <form className="composer" onSubmit={send}>
      {tray}
      <GrowingBox
        key={at} // one box for each chat: its undo history, and the text that the browser restores, are its own
        ref={box}
        id={MESSAGE_BOX}
        aria-label={words.message ?? NAME}
        placeholder={words.message_placeholder}
        enterKeyHint={opensKeyboard() ? "enter" : "send"}
        autoComplete="off"
        className="composer-box placeholder:text-muted-foreground"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onFocus={chat.wake}
        onKeyDown={onKeyDown}
      />
      <div className="composer-buttons">
        {children}
        {running === null ? <SendButton disabled={!canSend} /> : <StopButton running={running} />}
      </div>
    </form>
  );
}

/** What is in the box, if it may be sent now: nothing may while an answer comes. */
function textToSend(state: State): string | null {
  const { text } = draftOf(state, shownPlace(state));
  return text.trim() === "" || runningAnswer(shownConversation(state)) !== null ? null : text;
}

/** Focuses the box when another chat is shown, and when a button goes away that had the focus. */
function useBoxFocus(
  box: RefObject<HTMLTextAreaElement | null>,
  shown: string | null,
  running: string | undefined,
): void {
  const { store } = useChat();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another chat is shown in order to write in it
  useEffect(() => {
    const { deleting } = store.state;
    if (opensKeyboard()) return; // the keyboard on the screen would cover what is to be read
    if (shown !== null || !deleting?.wasShown) box.current?.focus(); // else the undo button has the focus
  }, [shown]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when an answer begins or ends, buttons go away
  useEffect(() => {
    const isLost = document.activeElement === document.body; // the button that had the focus is gone
    if (isLost && !opensKeyboard()) box.current?.focus();
  }, [running]);
}

function SendButton({ disabled }: { disabled: boolean }) {
  const words = useWords();
  return (
    <button type="submit" aria-label={words.send} title={words.send} className="round" disabled={disabled}>
      <Icon path={SEND} className="size-5" />
    </button>
  );
}

function StopButton({ running }: { running: Answer }) {
  const { turns } = useChat();
  const words = useWords();
  return (
    <button type="button" className="button" disabled={running.status === "stopping"} onClick={turns.stop}>
      <span aria-hidden="true" className="size-2.5 rounded-xs bg-current" /> {words.stop}
    </button>
  );
}
