import { useEffect, useRef } from "react";
import { useChatState } from "../../hooks/use-chat";
import { useFollowing } from "../../hooks/use-following";
import { branchTo, lastOf, runningAnswer } from "../../state/conversation";
import { shownConversation } from "../../state/state";
import { Icon } from "../ui/icon";
import { Answer } from "./answer";
import { ChatPlaceholder } from "./chat-placeholder";
import { Question } from "./question";
import { Unanswered } from "./unanswered";
import { Welcome } from "./welcome";

/** So many messages at the end of a chat are about to be seen when it is opened. */
const LAST_SHOWN = 6;

/** The messages of the branch that is shown; it stays scrolled to its end while an answer grows. */
export function MessageList() {
  const conversation = useChatState(shownConversation);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [following, toEnd] = useFollowing(scroller, content);
  const branch = conversation === null ? [] : branchTo(conversation, conversation.leaf);
  const running = runningAnswer(conversation)?.id ?? null;
  const last = lastOf(conversation);
  const reading = conversation?.reading ?? { status: "done" };
  const shown = conversation?.id;
  useEffect(() => {
    if (running !== null) toEnd(); // the reader has just asked
  }, [running, toEnd]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another chat is read from its end
  useEffect(toEnd, [shown]);
  return (
    <div className="relative min-h-0 flex-1">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <div ref={scroller} data-scroller={following ? "following" : "held"} className="scroller" tabIndex={0}>
        <div ref={content} className="column flex min-h-full flex-col py-6">
          {/* Each chat's own: a question that is being edited in one must not appear, and be sent, in another. */}
          <div key={shown} role="log" aria-label="Conversation" aria-live="off" className="flex flex-col gap-5">
            {branch.map((message, index) =>
              // Named after what they follow, so that turning to another version keeps the focus where it is.
              message.role === "user" ? (
                <Question key={message.parent} question={message} />
              ) : (
                <Answer key={message.parent} answer={message} shown={index >= branch.length - LAST_SHOWN} />
              ),
            )}
            {last?.role === "user" && <Unanswered question={last} />}
          </div>
          {reading.status !== "done" && <ChatPlaceholder reading={reading} />}
          {branch.length === 0 && reading.status === "done" && <Welcome />}
        </div>
      </div>
      {!following && (
        <button type="button" className="jump button" onClick={toEnd}>
          <Icon name="down" /> Jump to latest
        </button>
      )}
    </div>
  );
}
