import { type ComponentType, lazy, type MouseEvent, Suspense, use } from "react";
import { Composer } from "./components/chat/composer";
import { NotLoaded } from "./components/ui/not-loaded";
import { useChat, useChatState, useWords } from "./hooks/use-chat";
import { useTheme } from "./hooks/use-theme";
import { MESSAGE_BOX, toMessageBox } from "./keyboard/message-box";

/** What shows chats: they have to be read first, so the page is there before the part that draws them. */
const lazyParts: Promise<Partial<typeof import("./lazy")>> = import("./lazy").catch(() => ({
  Messages: NotLoaded,
}));
const lazyPart = (name: keyof typeof import("./lazy")) =>
  inWords(lazy(() => lazyParts.then((it) => ({ default: it[name] ?? (() => null) }))));
const Sidebar = lazyPart("Sidebar");
const Head = lazyPart("Head");
const Messages = lazyPart("Messages");
const Foot = lazyPart("Foot");
const BelowBox = lazyPart("BelowBox");
const AttachButtons = lazyPart("AttachButtons");
const AttachmentTray = lazyPart("AttachmentTray");
const Switches = lazyPart("Switches");
const ContextMeter = lazyPart("ContextMeter");
const Announcer = lazyPart("Announcer");
const Notice = lazyPart("Notice");
const PageEvents = lazyPart("PageEvents");
const ChatsDrawer = lazyPart("ChatsDrawer");
const Panels = inWords(
  lazy(() =>
    import("./panels")
      .catch(() => lazyParts.then(({ PanelNotLoaded = () => null }) => ({ Panels: PanelNotLoaded })))
      .then(({ Panels }) => ({ default: Panels })),
  ),
);

/** A part of the page that is drawn once the words are there. */
function inWords(Part: ComponentType): ComponentType {
  return function WithWords() {
    use(useChat().words);
    return <Part />;
  };
}

export function App() {
  useTheme();
  const words = useWords();
  const isFolded = useChatState((state) => state.preferences.isFolded);
  const isNew = useChatState((state) => state.shown === null);
  return (
    <div className="page">
      <a className="skip button" href={`#${MESSAGE_BOX}`} onClick={skip}>
        {words.go_to_message}
      </a>
      {!isFolded && (
        <nav aria-label={words.chats} className="hidden w-68 shrink-0 border-border border-e bg-sidebar md:block">
          <Suspense>
            <Sidebar />
          </Suspense>
        </nav>
      )}
      <div className="flex min-w-0 flex-1 flex-col">
        <Suspense fallback={<div className="h-14 shrink-0 border-border border-b low:h-12" />}>
          <Head />
        </Suspense>
        <main className={`flex min-h-0 flex-1 flex-col ${isNew ? "main-new" : ""}`}>
          <Suspense fallback={<div className="flex-1" />}>
            <Messages />
          </Suspense>
          <div className="page-foot column pb-[max(1rem,env(safe-area-inset-bottom))] low:pb-[max(0.25rem,env(safe-area-inset-bottom))]">
            <Suspense>
              <Foot />
            </Suspense>
            <Composer
              tray={
                <Suspense>
                  <AttachmentTray />
                </Suspense>
              }
            >
              <Suspense>
                <AttachButtons />
                <Switches />
                <ContextMeter />
              </Suspense>
            </Composer>
            <Suspense>
              <BelowBox />
            </Suspense>
          </div>
        </main>
        <Suspense>
          <Announcer />
          <Notice />
          <PageEvents />
        </Suspense>
      </div>
      <Suspense>
        <ChatsDrawer />
      </Suspense>
      <Suspense>
        <Panels />
      </Suspense>
    </div>
  );
}

/** Without a change of the address. */
function skip(event: MouseEvent): void {
  event.preventDefault();
  toMessageBox();
}
