import { type FormEvent, useId, useRef, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import type { ModelFacts } from "../../protocol/frames";
import { offered } from "../../state/settings";
import { shownSettings } from "../../state/state";
import { numberIn, say, type Words } from "../../text/words/words";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";

interface Props {
  /** Whether it bears the model's name on a phone, where there is no room for a choice beside it. */
  isNamed: boolean;
  className: string;
}

/** What is known of each model, to choose one by it; and any name where the operator allows any. */
export function ModelMenu({ isNamed, className }: Props) {
  const id = useId();
  const words = useWords();
  const [open, setOpen] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  const models = useChatState((state) => state.models);
  const chosen = useChatState((state) => offered(shownSettings(state), state.models).model) ?? models?.default;
  if (models === null) return null;
  return (
    <>
      <button
        type="button"
        aria-label={words.about_models}
        title={words.about_models}
        className={`icon-button model-menu ${className}`}
        aria-expanded={open}
        aria-haspopup="dialog"
        popoverTarget={id}
      >
        {isNamed && (
          <span dir="ltr" className="model-name">
            {chosen}
          </span>
        )}
        <Icon path={ICONS.info} />
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={words.about_models}
        className="menu menu-wide"
        onToggle={({ newState }) => setOpen(newState === "open")}
      >
        {open && <Models onChosen={() => menu.current?.hidePopover()} />}
      </div>
    </>
  );
}

function Models({ onChosen }: { onChosen: () => void }) {
  const { settings } = useChat();
  const models = useChatState((state) => state.models);
  const chosen = useChatState((state) => offered(shownSettings(state), state.models).model) ?? models?.default;
  if (models === null) return null;
  const choose = (model: string) => {
    settings.set({ model: model === models.default ? null : model });
    onChosen();
  };
  return (
    <>
      {models.facts.map((facts) => (
        <button key={facts.name} type="button" aria-pressed={facts.name === chosen} onClick={() => choose(facts.name)}>
          <span className="min-w-0 flex-1">
            <span className="block truncate font-medium">{facts.name}</span>
            <Facts facts={facts} />
          </span>
          {facts.name === chosen && <Icon path={ICONS.check} />}
        </button>
      ))}
      {models.any && <AnyModel onChoose={choose} />}
    </>
  );
}

function Facts({ facts }: { facts: ModelFacts }) {
  const words = useWords();
  const { context_tokens: context, input_usd: input, output_usd: output } = facts;
  const known = [
    context !== null && say(words, "context", { n: context }),
    input !== null &&
      output !== null &&
      say(words, "price", { input: priceIn(words, input), output: priceIn(words, output) }),
    facts.thinking && words.thinks,
  ].filter((fact) => fact !== false);
  if (known.length === 0) return null;
  return <span className="block text-muted-foreground text-xs">{known.join(" · ")}</span>;
}

/** With all cents, as prices are written: 0.30, and 0.075. */
function priceIn(words: Words, dollars: number): string {
  return numberIn(words, dollars, { minimumFractionDigits: 2, maximumFractionDigits: 4 });
}

function AnyModel({ onChoose }: { onChoose: (model: string) => void }) {
  const id = useId();
  const words = useWords();
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") onChoose(name.trim());
  };
  return (
    <form className="field p-2" onSubmit={submit}>
      <label htmlFor={id}>{words.another_model}</label>
      <div className="flex gap-2">
        <input
          id={id}
          className="input"
          placeholder={words.model_name}
          autoComplete="off"
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <button type="submit" className="button">
          {words.use}
        </button>
      </div>
    </form>
  );
}
