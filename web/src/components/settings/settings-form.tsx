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
  return (
    <>
      <ModelField />
      <SystemField />
      <ThinkingField />
      <div className="grid grid-cols-2 gap-4">
        <NumberField
          name="temperature"
          label="Temperature"
          hint="0 to 2. A low one answers the same way again, a high one varies more."
          step={0.1}
        />
        <NumberField name="top_p" label="Top-p" hint="0 to 1. A low one keeps to the likeliest words." step={0.05} />
      </div>
      <NumberField name="max_output_tokens" label="Longest answer, in tokens" step={1} />
      <StopField />
    </>
  );
}

/** The settings of the chat that is shown, and a way to change them. */
function useSettings(): [Settings, (changes: Partial<Settings>) => void] {
  const { settings } = useChat();
  return [useChatState(shownSettings), settings.set];
}

function ModelField() {
  const [{ model }, set] = useSettings();
  const models = useChatState((state) => state.models);
  return (
    <Field
      name="model"
      label="Model"
      control={(tied) => (
        <select
          {...tied}
          className="input"
          value={model ?? ""}
          onChange={({ target }) => set({ model: target.value || null })}
        >
          <option value="">The server’s default{models && ` (${models.default})`}</option>
          {models?.models.map((name) => (
            <option key={name}>{name}</option>
          ))}
          {model !== null && !models?.models.includes(model) && <option value={model}>{model}, not offered now</option>}
        </select>
      )}
    />
  );
}

function SystemField() {
  const [{ system }, set] = useSettings();
  return (
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
          value={system}
          onChange={({ target }) => set({ system: target.value })}
        />
      )}
    />
  );
}

function ThinkingField() {
  const [{ thinking }, set] = useSettings();
  return (
    <Field
      name="thinking"
      label="Thinking"
      control={(tied) => (
        <select
          {...tied}
          className="input"
          value={thinking ?? ""}
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
  );
}

function StopField() {
  const [{ stop }, set] = useSettings();
  return (
    <Field
      name="stop"
      label="Stop strings"
      hint="An answer ends before one of them. Up to five, one in a line; \n stands for a line break."
      control={(tied) => (
        <textarea
          {...tied}
          rows={2}
          className="input field-sizing-content max-h-40 resize-none font-mono"
          value={stop}
          onChange={({ target }) => set({ stop: target.value })}
        />
      )}
    />
  );
}

interface NumberProps {
  name: "temperature" | "top_p" | "max_output_tokens";
  label: string;
  hint?: string;
  step: number;
}

function NumberField({ name, label, hint, step }: NumberProps) {
  const [{ [name]: value }, set] = useSettings();
  const write = (written: number) => set({ [name]: Number.isNaN(written) ? null : written });
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
          onChange={({ target }) => write(target.valueAsNumber)}
        />
      )}
    />
  );
}
