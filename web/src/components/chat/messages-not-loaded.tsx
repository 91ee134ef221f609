/** Stands for the messages where the part of the page that draws them did not come. */
export function MessagesNotLoaded() {
  return (
    <div className="m-auto p-5 text-center">
      <p className="mb-4">This part of the page could not be loaded.</p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  );
}
