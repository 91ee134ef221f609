import { SignInPanel } from "./connection/sign-in-panel";
import { SettingsPanel } from "./settings-panel";
import { ShortcutsPanel } from "./shortcuts-panel";

/** The panels that a reader opens later, if at all: they are loaded after the first paint. */
export function Panels() {
  return (
    <>
      <SettingsPanel />
      <ShortcutsPanel />
      <SignInPanel />
    </>
  );
}
