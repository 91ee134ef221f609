import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import type { Answer } from "../../state/conversation";
import { shownConversation } from "../../state/state";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";
import { ReadAloud } from "./voice";

/** Further actions on a finished answer: read it aloud, or share the chat up to here. */
export function AnswerExtras({ answer }: { answer: Answer }) {
  const { store } = useChat();
  const words = useWords();
  return (
    <>
      {answer.text !== "" && <ReadAloud text={answer.text} />}
      {answer.stored !== null && (
        <IconButton
          icon={ICONS.share}
          label={words.share}
          onClick={() => store.dispatch({ type: "share", message: answer.stored ?? "" })}
        />
      )}
    </>
  );
}

/** Asks the model to go on with an answer that was cut, where it is the last one. The message box is left as it is. */
export function ContinueButton({ answer }: { answer: Answer }) {
  const { turns } = useChat();
  const words = useWords();
  const chat = useChatState((state) => {
    const shown = shownConversation(state);
    return shown?.leaf === answer.id && shown.reading.status !== "gone" ? shown.id : null;
  });
  const isCut =
    answer.text !== "" &&
    (answer.usage?.finish_reason === "max_tokens" || ["stopped", "failed", "lost"].includes(answer.status));
  if (!isCut || chat === null) return null;
  const goOn = () => {
    const place = { from: answer.id, conversation: chat, parent: answer.id, replaces: null };
    turns.begin({ ...place, text: words.continue_question });
  };
  return (
    <button type="button" className="button self-start" onClick={goOn}>
      {words.continue}
    </button>
  );
}

/** The time at which a message was written; for an earlier day than today, the day too. */
export function TimeOf({ seconds }: { seconds: number | undefined }) {
  const { locale } = useWords();
  if (seconds === undefined) return null;
  const at = new Date(seconds * 1000);
  const isToday = at.toDateString() === new Date().toDateString();
  const time = isToday
    ? at.toLocaleTimeString(locale, { timeStyle: "short" })
    : at.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
  const whole = at.toLocaleString(locale, { dateStyle: "full", timeStyle: "medium" });
  return (
    // CSS draws the time, so that it is not part of the text: neither for a selection nor for a search in the page.
    <time dateTime={at.toISOString()} title={whole} data-time={time} className="time-of" />
  );
}
