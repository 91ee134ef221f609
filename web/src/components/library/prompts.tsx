import { type FormEvent, useCallback, useEffect, useId, useRef, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { useLoaded } from "../../hooks/use-loaded";
import type { Prompt } from "../../protocol/frames";
import { LoadTrouble } from "./load-trouble";

/** The reader's own prompts: made, changed and deleted. */
export function Prompts() {
  const chat = useChat();
  const words = useWords();
  const commands = useChatState((state) => state.commands);
  const [edited, setEdited] = useState<Prompt | "new" | null>(null);
  const load = useCallback(() => chat.withLibrary((it) => it.loadAgain().then(() => true)), [chat]);
  const [{ value: isLoaded, trouble }, again] = useLoaded(load);
  const remove = (id: string) => void chat.withLibrary((it) => it.change((api) => api.deletePrompt(id)));
  return (
    <div className="panel-body">
      <h2>{words.prompts}</h2>
      <p className="text-muted-foreground">{words.prompts_note}</p>
      <LoadTrouble why={trouble} onAgain={again} />
      {isLoaded && commands.length === 0 && edited === null && <p role="status">{words.no_prompts}</p>}
      <ul className="rows">
        {commands.map((prompt) => (
          <li key={prompt.id}>
            <span dir="auto" className="min-w-0 flex-1 truncate">
              <strong className="font-medium">/{prompt.name}</strong>{" "}
              <span className="text-muted-foreground">{prompt.text}</span>
            </span>
            <button type="button" className="button" onClick={() => setEdited(prompt)}>
              {words.edit}
            </button>
            <button type="button" className="button" onClick={() => remove(prompt.id)}>
              {words.delete}
            </button>
          </li>
        ))}
      </ul>
      {edited === null ? (
        <button type="button" className="button self-start" onClick={() => setEdited("new")}>
          {words.new_prompt}
        </button>
      ) : (
        <PromptForm
          key={edited === "new" ? "new" : edited.id}
          prompt={edited === "new" ? null : edited}
          onEnd={() => setEdited(null)}
        />
      )}
    </div>
  );
}

function PromptForm({ prompt, onEnd }: { prompt: Prompt | null; onEnd: () => void }) {
  const chat = useChat();
  const words = useWords();
  const id = useId();
  const [name, setName] = useState(prompt?.name ?? "");
  const box = useRef<HTMLInputElement>(null);
  const isTaken = useChatState((state) =>
    state.commands.some((it) => it.id !== prompt?.id && it.name.toLowerCase() === name.toLowerCase()),
  );
  useEffect(() => box.current?.setCustomValidity(isTaken ? words.prompt_taken : ""), [isTaken, words]);
  const [text, setText] = useState(prompt?.text ?? "");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const isDone = await chat.withLibrary((it) =>
      it.change((api) => (prompt === null ? api.createPrompt(name, text) : api.changePrompt(prompt.id, name, text))),
    );
    if (isDone) onEnd();
  };
  return (
    <form className="flex flex-col gap-3" onSubmit={submit}>
      <div className="field">
        <label htmlFor={`${id}-name`}>{words.prompt_name}</label>
        <input
          ref={box}
          id={`${id}-name`}
          dir="auto"
          className="input"
          required
          aria-invalid={isTaken}
          aria-describedby={isTaken ? `${id}-taken` : undefined}
          pattern="[^\s\/]{1,64}"
          autoComplete="off"
          // biome-ignore lint/a11y/noAutofocus: the reader has just asked for it
          autoFocus
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        {isTaken && (
          <p id={`${id}-taken`} className="text-danger">
            {words.prompt_taken}
          </p>
        )}
      </div>
      <div className="field">
        <label htmlFor={`${id}-text`}>{words.prompt_text}</label>
        <textarea
          id={`${id}-text`}
          dir="auto"
          required
          rows={4}
          maxLength={20_000}
          className="input"
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
      </div>
      <div className="flex gap-2">
        <button type="submit" className="button button-primary">
          {words.save}
        </button>
        <button type="button" className="button" onClick={onEnd}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}
