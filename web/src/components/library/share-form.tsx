import { type FormEvent, useId, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { shownConversation } from "../../state/state";
import { CopyButton } from "../ui/copy-button";

/** Makes a link to the branch that is shown, which is told here once. */
export function ShareForm() {
  const chat = useChat();
  const words = useWords();
  const id = useId();
  const message = useChatState((state) => state.sharing);
  const stored = useChatState((state) => shownConversation(state)?.stored ?? null);
  const allowsPublic = useChatState((state) => state.models?.public_shares ?? false);
  const [days, setDays] = useState(30);
  const [isPublic, setPublic] = useState(false);
  const [address, setAddress] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (message === null || stored === null) return;
    const made = await chat.withLibrary((it) => it.share(stored, { message, days, public: isPublic }));
    if (made !== null) setAddress(`${location.origin}/s/${made.token}`);
  };
  return (
    <form className="panel-body" onSubmit={submit}>
      <h2>{words.share}</h2>
      <p className="text-muted-foreground">{words.share_note}</p>
      {address === null ? (
        <>
          <fieldset className="flex flex-col gap-2">
            <legend className="mb-1 font-medium">{words.who_reads}</legend>
            {[false, ...(allowsPublic ? [true] : [])].map((everybody) => (
              <label key={String(everybody)} className="choice flex items-center gap-2">
                <input type="radio" name={id} checked={isPublic === everybody} onChange={() => setPublic(everybody)} />
                {everybody ? words.everybody : words.people_here}
              </label>
            ))}
          </fieldset>
          <div className="field">
            <label htmlFor={`${id}-days`}>{words.in_link}</label>
            <input
              id={`${id}-days`}
              type="number"
              className="input w-28"
              min={1}
              max={365}
              required
              value={days}
              onChange={({ target }) => setDays(target.valueAsNumber)}
            />
          </div>
          <button type="submit" className="button button-primary self-start">
            {words.make_link}
          </button>
        </>
      ) : (
        <div className="field">
          <label htmlFor={`${id}-link`}>{words.link_made}</label>
          <div className="flex items-center gap-2">
            <input
              id={`${id}-link`}
              dir="ltr"
              className="input font-mono text-xs"
              readOnly
              // biome-ignore lint/a11y/noAutofocus: the button that made it is gone
              autoFocus
              value={address}
              onFocus={({ target }) => target.select()}
            />
            <CopyButton text={address} label={words.copy_link} />
          </div>
        </div>
      )}
    </form>
  );
}
