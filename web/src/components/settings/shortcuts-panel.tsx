import { useWords } from "../../hooks/use-chat";
import { IN_THE_BOX, keyNameOf } from "../../keyboard/shortcut-names";
import { type Key, SHORTCUTS } from "../../keyboard/shortcuts";
import { Panel } from "../ui/panel";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function ShortcutsPanel() {
  const words = useWords();
  return (
    <Panel name="shortcuts" label={words.shortcuts} className="sheet">
      <div className="p-5">
        <h2 className="mb-3 pe-10 font-semibold text-base">{words.shortcuts}</h2>
        <dl className="text-sm">
          {[...IN_THE_BOX, ...SHORTCUTS].map(({ keys, label }) => (
            <div key={label} className="flex items-center justify-between gap-6 border-border border-t py-2">
              <dt>{words[label]}</dt>
              <dd dir="ltr" className="flex shrink-0 gap-1">
                {keys.map((key: Key) => (
                  <kbd key={key}>{keyNameOf(words, key, IS_MAC)}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Panel>
  );
}
