import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { toMessageBox } from "../../keyboard/message-box";
import { shownPlace } from "../../state/state";

/** The first picture of a new chat: a greeting; the message box stands in the middle below it. */
export function Welcome() {
  const isLost = useChatState((state) => state.isLost);
  const isTemporary = useChatState((state) => state.isTemporary);
  const words = useWords();
  return (
    <div className="mx-auto mt-auto pt-10 text-center low:pt-1">
      <img src="/favicon.svg" alt="" className="mx-auto mb-4 size-11 low:hidden" />
      {!isLost && <p className="mb-1 text-muted-foreground">{words[greeting(new Date())]}</p>}
      <h2 className="text-balance font-semibold text-2xl tracking-tight">
        {isLost ? words.lost_address : words.welcome}
      </h2>
      {isLost && <p className="mt-2 text-balance">{words.lost_address_note}</p>}
      {isTemporary && <p className="mt-2 text-balance text-sm">{words.temporary_note}</p>}
    </div>
  );
}

const STARTERS = ["starter_1", "starter_2", "starter_3", "starter_4"] as const;

/** A few beginnings, below the message box; each is written into it, to be gone on with. */
export function Starters() {
  const { store } = useChat();
  const words = useWords();
  const isNew = useChatState((state) => state.shown === null);
  const isEmpty = useChatState((state) => !state.drafts[shownPlace(state)]?.text);
  if (!isNew) return null;
  const begin = (text: string) => {
    store.dispatch({ type: "write", chat: shownPlace(store.state), text });
    toMessageBox();
  };
  return (
    <div className="starters">
      <ul className={`flex flex-wrap justify-center gap-2 ${isEmpty ? "" : "invisible"}`}>
        {STARTERS.map((starter) => (
          <li key={starter}>
            <button type="button" className="button rounded-full" onClick={() => begin(words[`${starter}_text`])}>
              {words[starter]}
            </button>
          </li>
        ))}
      </ul>
      <p className="mt-4 text-balance text-center text-muted-foreground text-sm pointer-coarse:hidden">
        {words.keys_hint}
      </p>
    </div>
  );
}

function greeting(now: Date): "greeting_morning" | "greeting_day" | "greeting_evening" {
  const hour = now.getHours();
  if (hour >= 5 && hour < 12) return "greeting_morning";
  return hour >= 12 && hour < 18 ? "greeting_day" : "greeting_evening";
}
