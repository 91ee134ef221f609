export function Welcome() {
  return (
    <div className="m-auto py-10 text-center">
      <img src="/favicon.svg" alt="" className="mx-auto mb-5 size-12" />
      <h2 className="text-balance font-semibold text-2xl tracking-tight">What would you like to know?</h2>
      <p className="mt-2 text-muted-foreground text-sm pointer-coarse:hidden">
        Enter sends, Shift+Enter breaks the line, Esc stops an answer, Ctrl+/ lists the shortcuts.
      </p>
    </div>
  );
}
