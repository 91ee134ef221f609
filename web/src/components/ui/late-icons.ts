/** The drawings that are loaded after the first paint. */
export const LATE_ICONS = {
  check: "M5 12.5 10 17.5 19 7",
  chevron_left: "m14.5 6-6 6 6 6",
  chevron_right: "m9.5 6 6 6-6 6",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  down: "M12 5v14m-6-6 6 6 6-6",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  edit: "M4 20h4L19.5 8.5l-4-4L4 16zM13 7l4 4",
  markdown: "M3 6h18v12H3zM6.5 15V9.5l2.5 3 2.5-3V15m5-5.5V15m-2-2 2 2 2-2",
  more: "M5 12a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0m6.5 0a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0m6.5 0a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0",
  redo: "M20 11a8 8 0 1 0-2.3 6.2M20 5v6h-6",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20",
  thought: "M9 18h6m-5 3h4M8.2 14.5A6 6 0 1 1 15.8 14.5c-.6.6-.8 1.2-.8 2H9c0-.8-.2-1.4-.8-2z",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5m3-5v5",
  warning: "M12 4 2.5 20h19zM12 10v4.5m0 2.6v.1",
} as const;
