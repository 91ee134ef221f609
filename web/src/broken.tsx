/** Stands for the page where its words did not come, in no language's but English. */
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
