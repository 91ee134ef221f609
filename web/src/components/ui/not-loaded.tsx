import { useWords } from "../../hooks/use-chat";

/** Stands for a part of the page that did not come. */
export function NotLoaded() {
  const words = useWords();
  return (
    <div className="m-auto p-5">
      <p className="mb-4 pe-10">{words.part_not_loaded}</p>
      <button type="button" className="button" onClick={() => location.reload()}>
        {words.reload}
      </button>
    </div>
  );
}
