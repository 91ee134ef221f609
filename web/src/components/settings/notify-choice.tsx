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
      <label className="flex items-center gap-2">
        <input type="checkbox" checked={notifies} onChange={({ target }) => void change(target.checked)} />
        {words.notify}
      </label>
      <p className="text-muted-foreground">{isDenied ? words.notify_denied : words.notify_note}</p>
    </div>
  );
}
