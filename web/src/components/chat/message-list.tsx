import { Fragment, useEffect, useRef } from "react";
import { useChatState, useWords } from "../../hooks/use-chat";
import { useFollowing } from "../../hooks/use-following";
import { InPlaceContext } from "../../hooks/use-in-place";
import { contextOf, EMPTY_CONTEXT } from "../../state/context";
import { branchTo, type Conversation, lastOf, runningAnswer } from "../../state/conversation";
import { shownConversation } from "../../state/state";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";
import { Answer } from "./answer";
import { ChatPlaceholder } from "./chat-placeholder";
import { LeftOut } from "./left-out";
import { Question } from "./question";
import { Unanswered } from "./unanswered";
import { Welcome } from "./welcome";

/** So many messages at the end of a chat are about to be seen when it is opened. */
const LAST_SHOWN = 6;

/** The messages of the branch that is shown. */
export function MessageList() {
  const words = useWords();
  const conversation = useChatState(shownConversation);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const space = useRef<HTMLDivElement>(null);
  const branch = conversation === null ? [] : branchTo(conversation, conversation.leaf);
  const most = useChatState((state) => state.historyChars);
  const { leftOut } = conversation !== null && most !== null ? contextOf(conversation, most) : EMPTY_CONTEXT;
  const last = lastOf(conversation);
  const reading = conversation?.reading ?? { status: "done" };
  const shown = conversation?.id;
  const { isFollowing, isAwayFromEnd, toEnd, toTop, keepInPlace } = useFollowing(scroller, content, space, shown);
  useStart(conversation, toEnd, toTop);
  return (
    <div className="relative min-h-0 flex-1">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <div ref={scroller} data-scroller={isFollowing ? "following" : "held"} className="scroller" tabIndex={0}>
        <div className="column flex min-h-full flex-col py-6">
          <InPlaceContext value={keepInPlace}>
            {/* Each chat's own: what is open in one must not be open in another. */}
            <div
              key={shown}
              ref={content}
              role="log"
              aria-label={words.conversation}
              aria-live="off"
              className="flex flex-col gap-5"
            >
              {branch.map((message, index) => (
                // Named after what they follow, so that turning to another version keeps the focus where it is.
                <Fragment key={message.parent}>
                  {message.role === "user" ? (
                    <Question question={message} />
                  ) : (
                    <Answer answer={message} shown={index >= branch.length - LAST_SHOWN} />
                  )}
                  {message.id === leftOut && <LeftOut />}
                </Fragment>
              ))}
              {last?.role === "user" && <Unanswered question={last} />}
            </div>
          </InPlaceContext>
          {reading.status !== "done" && <ChatPlaceholder reading={reading} />}
          {branch.length === 0 && reading.status === "done" && <Welcome />}
        </div>
        <div ref={space} className="space" />
      </div>
      {isAwayFromEnd && (
        <button type="button" className="jump button" onClick={toEnd}>
          <Icon path={ICONS.down} /> <span className="low:sr-only">{words.jump}</span>
        </button>
      )}
    </div>
  );
}

/** A chat that is opened is read from its end; a question that is asked goes to the top. */
function useStart(conversation: Conversation | null, toEnd: () => void, toTop: (message: string) => void): void {
  const shown = conversation?.id;
  const before = useRef(shown);
  const running = runningAnswer(conversation);
  const question = running?.parent;
  const isFirst = running !== null && conversation?.messages[running.parent]?.parent === null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer to the same question begins, too
  useEffect(() => {
    const isOpened = before.current !== shown;
    before.current = shown;
    if (question !== undefined && (!isOpened || isFirst)) toTop(question);
    else if (isOpened) toEnd();
  }, [shown, question, isFirst, running?.id, toEnd, toTop]);
}
