/** The drawings of the first paint. */
export const ICONS = {
  key: "M14.5 4.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10M11 13l-7 7m2-2 2.5 2.5",
  keyboard: "M3 7h18v10H3zM7 10.5h.1m3.2 0h.1m3.2 0h.1m3.2 0h.1M8.5 14h7",
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  send: "M12 19V6m-6 6 6-6 6 6",
  sidebar: "M4 5h16v14H4zM9.5 5v14",
  settings: "M4 7h8m4 0h4M4 17h4m4 0h8M14 4.5v5M10 14.5v5",
} as const;
