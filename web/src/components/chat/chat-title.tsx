import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { lastOf } from "../../state/conversation";
import { shownConversation } from "../../state/state";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";

/** The title of the chat that is shown, and what is done with the whole of it. */
export function ChatTitle() {
  const isNew = useChatState((state) => state.shown === null);
  const title = useChatState((state) => shownConversation(state)?.title ?? "");
  const isTemporary = useChatState((state) => shownConversation(state)?.isTemporary ?? false);
  const words = useWords();
  const shown = isTemporary ? words.temporary : title;
  return (
    <>
      {isTemporary && <Icon path={ICONS.temporary} className="size-4 text-muted-foreground" />}
      {shown === "" ? (
        <span className={`flex-1 ${isNew ? "max-sm:hidden" : ""}`} />
      ) : (
        <h2 className="flex min-w-0 flex-1 justify-center font-medium text-sm max-sm:justify-start">
          <span dir="auto" className="truncate">
            {shown}
          </span>
        </h2>
      )}
    </>
  );
}

/** Makes the new chat one that is kept nowhere. */
export function TemporarySwitch() {
  const { store } = useChat();
  const words = useWords();
  const isNew = useChatState((state) => state.shown === null);
  const isTemporary = useChatState((state) => state.isTemporary);
  if (!isNew) return null;
  return (
    <IconButton
      icon={ICONS.temporary}
      label={words.temporary}
      aria-pressed={isTemporary}
      onClick={() => store.dispatch({ type: "temporary", isTemporary: !isTemporary })}
    />
  );
}

/** Offers a link to the branch that is shown. */
export function ShareButton() {
  const { store } = useChat();
  const words = useWords();
  const leaf = useChatState((state) => {
    const last = lastOf(shownConversation(state));
    return last?.stored ?? null;
  });
  if (leaf === null) return null;
  return (
    <IconButton
      icon={ICONS.share}
      label={words.share}
      onClick={() => store.dispatch({ type: "share", message: leaf })}
    />
  );
}
