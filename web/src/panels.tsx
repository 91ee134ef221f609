import { SignInPanel } from "./components/connection/sign-in-panel";
import { LibraryPanels } from "./components/library/library-panels";
import { SettingsPanel } from "./components/settings/settings-panel";
import { ShortcutsPanel } from "./components/settings/shortcuts-panel";

/** The panels that a reader opens later, if at all: they are loaded after the first paint. */
export function Panels() {
  return (
    <>
      <SettingsPanel />
      <ShortcutsPanel />
      <SignInPanel />
      <LibraryPanels />
    </>
  );
}
