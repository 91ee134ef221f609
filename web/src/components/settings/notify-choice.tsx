import { useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";

/** Whether the browser tells of an answer that is done while the reader looks elsewhere. It asks for leave first. */
export function NotifyChoice() {
  const chat = useChat();
  const words = useWords();
  const notifies = useChatState((state) => state.preferences.notifies);
  const [isDenied, setDenied] = useState(false);
  if (!("Notification" in window)) return null;
  const change = async (wanted: boolean) => {
    const isAllowed = !wanted || (await Notification.requestPermission()) === "granted";
    setDenied(!isAllowed);
    chat.prefer({ notifies: wanted && isAllowed });
  };
  return (
    <div className="field">
      <button
        type="button"
        role="switch"
        aria-checked={notifies}
        className="button w-full justify-between! text-start whitespace-normal!"
        onClick={() => void change(!notifies)}
      >
        {words.notify}
        <span aria-hidden="true" className="switch" />
      </button>
      <p className="text-muted-foreground">{isDenied ? words.notify_denied : words.notify_note}</p>
    </div>
  );
}
