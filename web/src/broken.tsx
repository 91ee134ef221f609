/** Stands for the page where its words did not come, or a part of it failed; in English, as there may be no other words. */
export function Broken() {
  return (
    <main className="m-auto p-5">
      <p className="mb-4">The page could not be loaded.</p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Reload
      </button>
    </main>
  );
}
