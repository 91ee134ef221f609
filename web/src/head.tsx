import { ChatTitle, ShareButton, TemporarySwitch } from "./components/chat/chat-title";
import { DoneElsewhere } from "./components/chat/done-elsewhere";
import { ModelMenu } from "./components/chat/model-menu";
import { ModelPicker } from "./components/chat/model-picker";
import { ConnectionStatus } from "./components/connection/connection-status";
import { IconButton } from "./components/ui/icon-button";
import { ICONS } from "./components/ui/icons";
import { useChat, useChatState, useWords } from "./hooks/use-chat";

/** What stands above the messages: the way to the chats, the model, the title, and what is done with the whole chat. */
export function Head() {
  const chat = useChat();
  const words = useWords();
  const asksWho = useChatState(({ identity, connection }) => identity.signedIn || connection.status === "locked");
  const isFolded = useChatState((state) => state.preferences.isFolded);
  const isNew = useChatState((state) => state.shown === null);
  return (
    <header className="flex h-14 shrink-0 items-center gap-2 border-border border-b px-3 low:h-12">
      <IconButton icon={ICONS.menu} label={words.chats} className="md:hidden" onClick={() => chat.open("chats")} />
      <IconButton
        icon={ICONS.sidebar}
        label={isFolded ? words.show_chats : words.hide_chats}
        className="max-md:hidden rtl:-scale-x-100"
        onClick={() => chat.prefer({ isFolded: !isFolded })}
      />
      <IconButton
        icon={ICONS.plus}
        label={words.new_chat}
        className={isFolded ? "" : "md:hidden"}
        onClick={() => chat.conversations.show(null)}
      />
      <h1 className="sr-only">Deltawire</h1>
      <CurrentModel isShown={!isNew} />
      <ChatTitle />
      <ConnectionStatus />
      {!isNew && <ModelMenu isNamed={false} className="sm:hidden" />}
      <TemporarySwitch />
      <ShareButton />
      <DoneElsewhere />
      {asksWho && <IconButton icon={ICONS.key} label={words.your_token} onClick={() => chat.open("sign_in")} />}
      <IconButton
        icon={ICONS.keyboard}
        label={words.shortcuts}
        className="pointer-coarse:hidden max-lg:hidden"
        onClick={() => chat.open("shortcuts")}
      />
      <IconButton icon={ICONS.settings} label={words.settings} onClick={() => chat.open("settings")} />
    </header>
  );
}

/** The model that is asked next, and what is known of all. */
function CurrentModel({ isShown }: { isShown: boolean }) {
  return (
    <>
      <div className="flex min-w-0 shrink max-sm:hidden">
        <ModelPicker />
      </div>
      <ModelMenu isNamed={!isShown} className={isShown ? "max-sm:hidden" : "max-sm:flex-1"} />
    </>
  );
}
