const PATHS = {
  check: "M5 12.5 10 17.5 19 7",
  chevron_left: "m14.5 6-6 6 6 6",
  chevron_right: "m9.5 6 6 6-6 6",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  down: "M12 5v14m-6-6 6 6 6-6",
  edit: "M4 20h4L19.5 8.5l-4-4L4 16zM13 7l4 4",
  key: "M14.5 4.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10M11 13l-7 7m2-2 2.5 2.5",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  keyboard: "M3 7h18v10H3zM7 10.5h.1m3.2 0h.1m3.2 0h.1m3.2 0h.1M8.5 14h7",
  more: "M5 12a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0m6.5 0a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0m6.5 0a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0",
  markdown: "M3 6h18v12H3zM6.5 15V9.5l2.5 3 2.5-3V15m5-5.5V15m-2-2 2 2 2-2",
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  redo: "M20 11a8 8 0 1 0-2.3 6.2M20 5v6h-6",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20",
  send: "M12 19V6m-6 6 6-6 6 6",
  settings: "M4 7h8m4 0h4M4 17h4m4 0h8M14 4.5v5M10 14.5v5",
  thought: "M9 18h6m-5 3h4M8.2 14.5A6 6 0 1 1 15.8 14.5c-.6.6-.8 1.2-.8 2H9c0-.8-.2-1.4-.8-2z",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5m3-5v5",
  warning: "M12 4 2.5 20h19zM12 10v4.5m0 2.6v.1",
} as const;

/** A small drawing beside words, or in a button that has a label. */
export function Icon({ name, className = "size-4" }: { name: keyof typeof PATHS; className?: string }) {
  return (
    <svg
      aria-hidden="true"
      className={`shrink-0 ${className}`}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
