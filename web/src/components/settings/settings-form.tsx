import { useChat, useChatState } from "../../hooks/use-chat";
import { type Settings, THINKING, type Thinking } from "../../state/settings";
import { shownSettings } from "../../state/state";
import { Field } from "./field";

const THINKING_WORDS: Record<Thinking, string> = {
  off: "Off, as far as the model allows",
  low: "A little, shown",
  medium: "Some, shown",
  high: "Much, shown",
};

/** The settings of the chat that is shown; each holds from its next question. */
export function SettingsForm() {
  const { store } = useChat();
  const settings = useChatState(shownSettings);
  const models = useChatState((state) => state.models);
  const set = (changes: Partial<Settings>) => store.dispatch({ type: "set", settings: changes });
  return (
    <>
      <Field
        name="model"
        label="Model"
        control={(tied) => (
          <select
            {...tied}
            className="input"
            value={settings.model ?? ""}
            onChange={({ target }) => set({ model: target.value || null })}
          >
            <option value="">The server’s default{models && ` (${models.default})`}</option>
            {models?.models.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      />
      <Field
        name="system"
        label="System instruction"
        control={(tied) => (
          <textarea
            {...tied}
            dir="auto"
            rows={3}
            className="input field-sizing-content max-h-60 min-h-20 resize-none"
            placeholder="How to answer, and as whom"
            value={settings.system}
            onChange={({ target }) => set({ system: target.value })}
          />
        )}
      />
      <Field
        name="thinking"
        label="Thinking"
        control={(tied) => (
          <select
            {...tied}
            className="input"
            value={settings.thinking ?? ""}
            onChange={({ target }) => set({ thinking: THINKING.find((level) => level === target.value) ?? null })}
          >
            <option value="">The model’s own, not shown</option>
            {THINKING.map((level) => (
              <option key={level} value={level}>
                {THINKING_WORDS[level]}
              </option>
            ))}
          </select>
        )}
      />
      <div className="grid grid-cols-2 gap-4">
        <NumberField name="temperature" label="Temperature" hint="0 to 2; low is sober" step={0.1} />
        <NumberField name="top_p" label="Top-p" hint="0 to 1" step={0.05} />
      </div>
      <NumberField name="max_output_tokens" label="Longest answer, in tokens" step={1} />
      <Field
        name="stop"
        label="Stop strings"
        hint="Up to five, one in a line; \n in it is a line break."
        control={(tied) => (
          <textarea
            {...tied}
            rows={2}
            className="input field-sizing-content max-h-40 resize-none font-mono"
            value={settings.stop}
            onChange={({ target }) => set({ stop: target.value })}
          />
        )}
      />
    </>
  );
}

interface NumberProps {
  name: "temperature" | "top_p" | "max_output_tokens";
  label: string;
  hint?: string;
  step: number;
}

function NumberField({ name, label, hint, step }: NumberProps) {
  const { store } = useChat();
  const value = useChatState((state) => shownSettings(state)[name]);
  const set = (written: number) =>
    store.dispatch({ type: "set", settings: { [name]: Number.isNaN(written) ? null : written } });
  return (
    <Field
      name={name}
      label={label}
      {...(hint && { hint })}
      control={(tied) => (
        <input
          {...tied}
          type="number"
          inputMode="decimal"
          step={step}
          className="input tabular-nums"
          placeholder="Default"
          value={value ?? ""}
          onChange={({ target }) => set(target.valueAsNumber)}
        />
      )}
    />
  );
}
