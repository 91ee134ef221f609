import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { offered, type Settings, THINKING, type Thinking } from "../../state/settings";
import { shownSettings } from "../../state/state";
import { say } from "../../text/words/words";
import { Field } from "./field";

const THINKING_WORDS = {
  off: "thinking_off",
  low: "thinking_low",
  medium: "thinking_medium",
  high: "thinking_high",
} as const satisfies Record<Thinking, string>;

/** The settings of the chat that is shown; each holds from its next question. */
export function SettingsForm() {
  const words = useWords();
  return (
    <>
      <ModelField />
      <SystemField />
      <ThinkingField />
      <div className="grid grid-cols-2 gap-4">
        <NumberField
          name="temperature"
          label={words.setting_temperature}
          hint={words.setting_temperature_note}
          step={0.1}
        />
        <NumberField name="top_p" label={words.setting_top_p} hint={words.setting_top_p_note} step={0.05} />
      </div>
      <NumberField name="max_output_tokens" label={words.setting_length} step={1} />
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
  const words = useWords();
  const [{ model }, set] = useSettings();
  const models = useChatState((state) => state.models);
  const usable = useChatState((state) => offered(shownSettings(state), state.models).model);
  return (
    <Field
      name="model"
      label={words.model}
      control={(props) => (
        <select
          {...props}
          className="input"
          value={model ?? ""}
          onChange={({ target }) => set({ model: target.value || null })}
        >
          <option value="">
            {models ? say(words, "setting_model_default_of", { model: models.default }) : words.setting_model_default}
          </option>
          {models?.models.map((name) => (
            <option key={name}>{name}</option>
          ))}
          {model !== null && !models?.models.includes(model) && (
            <option value={model}>{usable === model ? model : say(words, "model_not_now", { model })}</option>
          )}
        </select>
      )}
    />
  );
}

function SystemField() {
  const words = useWords();
  const [{ system }, set] = useSettings();
  return (
    <Field
      name="system"
      label={words.setting_system}
      control={(props) => (
        <textarea
          {...props}
          dir={system === "" ? undefined : "auto"}
          rows={3}
          className="input field-sizing-content max-h-60 min-h-20 resize-none"
          placeholder={words.setting_system_hint}
          value={system}
          onChange={({ target }) => set({ system: target.value })}
        />
      )}
    />
  );
}

function ThinkingField() {
  const words = useWords();
  const [{ thinking }, set] = useSettings();
  return (
    <Field
      name="thinking"
      label={words.setting_thinking}
      control={(props) => (
        <select
          {...props}
          className="input"
          value={thinking ?? ""}
          onChange={({ target }) => set({ thinking: THINKING.find((level) => level === target.value) ?? null })}
        >
          <option value="">{words.thinking_own}</option>
          {THINKING.map((level) => (
            <option key={level} value={level}>
              {words[THINKING_WORDS[level]]}
            </option>
          ))}
        </select>
      )}
    />
  );
}

function StopField() {
  const words = useWords();
  const [{ stop }, set] = useSettings();
  return (
    <Field
      name="stop"
      label={words.setting_stop}
      hint={words.setting_stop_note}
      control={(props) => (
        <textarea
          {...props}
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
  const words = useWords();
  const write = (written: number) => set({ [name]: Number.isNaN(written) ? null : written });
  return (
    <Field
      name={name}
      label={label}
      {...(hint && { hint })}
      control={(props) => (
        <input
          {...props}
          type="number"
          inputMode="decimal"
          step={step}
          className="input tabular-nums"
          placeholder={words.default_value}
          value={value ?? ""}
          onChange={({ target }) => write(target.valueAsNumber)}
        />
      )}
    />
  );
}
