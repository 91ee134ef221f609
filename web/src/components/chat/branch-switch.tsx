import { flushSync } from "react-dom";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { useInPlace } from "../../hooks/use-in-place";
import { type Message, siblingsOf } from "../../state/conversation";
import { shownConversation } from "../../state/state";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";

/** Turns to the versions of a message beside this one, under the reader's pointer. Nothing when it is the only one. */
export function BranchSwitch({ message }: { message: Message }) {
  const { store } = useChat();
  const words = useWords();
  const inPlace = useInPlace();
  const siblings = useChatState((state) => {
    const conversation = shownConversation(state);
    return conversation && siblingsOf(conversation, message);
  });
  if (siblings === null || siblings.length < 2) return null;
  const turnTo = (button: Element, to: string) =>
    inPlace(button, () => flushSync(() => store.dispatch({ type: "turn_to", message: to })));
  const at = siblings.indexOf(message.id);
  const turn = (by: number, label: string, icon: string) => {
    const to = siblings[at + by];
    return (
      <IconButton
        icon={icon}
        className="rtl:-scale-x-100"
        label={label}
        aria-disabled={to === undefined}
        onClick={({ currentTarget }) => to !== undefined && turnTo(currentTarget, to)}
      />
    );
  };
  return (
    <span className="flex items-center whitespace-nowrap tabular-nums">
      {turn(-1, words.previous_version, ICONS.chevron_left)}
      <span>
        {at + 1} / {siblings.length}
      </span>
      {turn(+1, words.next_version, ICONS.chevron_right)}
    </span>
  );
}
