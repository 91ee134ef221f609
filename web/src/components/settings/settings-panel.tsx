import { useWords } from "../../hooks/use-chat";
import { Panel } from "../ui/panel";
import { Allowance } from "./allowance";
import { DefaultsBar } from "./defaults-bar";
import { NotifyChoice } from "./notify-choice";
import { SettingsForm } from "./settings-form";
import { ThemeChoice } from "./theme-choice";

/** What the chat that is shown is asked with, what its reader may still ask, and how the page looks. */
export function SettingsPanel() {
  const words = useWords();
  return (
    <Panel name="settings" label={words.settings} className="drawer drawer-end">
      <div className="flex min-h-full flex-col gap-7 p-5">
        <section className="flex flex-col gap-4">
          <h2 className="pe-10 font-semibold text-base">{words.this_chat}</h2>
          <SettingsForm />
          <DefaultsBar />
        </section>
        <Allowance />
        <ThemeChoice />
        <NotifyChoice />
      </div>
    </Panel>
  );
}
