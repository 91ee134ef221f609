import { IN_THE_BOX, nameOf } from "../../keyboard/shortcut-names";
import { type Key, SHORTCUTS } from "../../keyboard/shortcuts";
import { Panel } from "../ui/panel";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function ShortcutsPanel() {
  return (
    <Panel name="shortcuts" label="Shortcuts" className="sheet">
      <div className="p-5">
        <h2 className="mb-3 pr-10 font-semibold text-base">Shortcuts</h2>
        <dl className="text-sm">
          {[...IN_THE_BOX, ...SHORTCUTS].map(({ keys, does }) => (
            <div key={does} className="flex items-center justify-between gap-6 border-border border-t py-2">
              <dt>{does}</dt>
              <dd className="flex shrink-0 gap-1">
                {keys.map((key: Key) => (
                  <kbd key={key}>{nameOf(key, IS_MAC)}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Panel>
  );
}
