import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { toMessageBox } from "../../keyboard/message-box";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";

/** So many letters say what is meant. */
const FROM = 2;

/** What the page can do, as far as its name holds what is looked for: the search box finds actions, too. */
export function Actions({ onDone }: { onDone: () => void }) {
  const chat = useChat();
  const words = useWords();
  const query = useChatState((state) => state.found?.words.trim().toLowerCase() ?? "");
  const { isFolded } = useChatState((state) => state.preferences);
  if (query.length < FROM) return null;
  const actions: readonly (readonly [string, () => void])[] = [
    [words.new_chat, () => chat.conversations.show(null)],
    [words.temporary, () => temporary()],
    [words.settings, () => chat.open("settings")],
    [words.shortcuts, () => chat.open("shortcuts")],
    [words.prompts, () => chat.open("prompts")],
    [words.links, () => chat.open("links")],
    [words.archived, () => chat.open("archive")],
    [words.import, () => chat.open("data")],
    [words.export, () => void chat.withLibrary((it) => it.exportAll())],
    [words.delete_all, () => chat.open("data")],
    [isFolded ? words.show_chats : words.hide_chats, () => chat.prefer({ isFolded: !isFolded })],
    [`${words.appearance}: ${words.light}`, () => chat.prefer({ theme: "light" })],
    [`${words.appearance}: ${words.dark}`, () => chat.prefer({ theme: "dark" })],
    [`${words.appearance}: ${words.system}`, () => chat.prefer({ theme: "system" })],
    [words.go_to_message, toMessageBox],
    [words.copy_last_code, () => void chat.copyLastCode()],
  ];
  const temporary = () => {
    chat.conversations.show(null);
    chat.store.dispatch({ type: "temporary", isTemporary: true });
  };
  const found = actions.filter(([name]) => name.toLowerCase().includes(query));
  if (found.length === 0) return null;
  return (
    <div>
      <h2 className="px-2.5 py-1.5 font-medium text-muted-foreground text-xs">{words.actions}</h2>
      <ul aria-label={words.actions} className="flex flex-col gap-0.5">
        {found.map(([name, run]) => (
          <li key={name} className="chat-row">
            <button
              type="button"
              className="chat-entry action justify-start!"
              onClick={() => {
                onDone();
                run();
              }}
            >
              <Icon path={ICONS.chevron_right} className="size-3.5 rtl:-scale-x-100" /> {name}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
