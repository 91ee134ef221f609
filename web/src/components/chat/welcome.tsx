import { useChatState } from "../../hooks/use-chat";

export function Welcome() {
  const isLost = useChatState((state) => state.isLost);
  return (
    <div className="m-auto py-10 text-center">
      <img src="/favicon.svg" alt="" className="mx-auto mb-5 size-12" />
      <h2 className="text-balance font-semibold text-2xl tracking-tight">
        {isLost ? "There is nothing at this address." : "What would you like to know?"}
      </h2>
      {isLost && <p className="mt-2 text-balance">What you write below begins a new chat.</p>}
      <p className="mt-2 text-balance text-muted-foreground text-sm pointer-coarse:hidden">
        Enter sends, Shift+Enter breaks the line, Esc stops an answer, Ctrl+/ lists the shortcuts.
      </p>
    </div>
  );
}
