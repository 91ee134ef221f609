import { createContext, useContext } from "react";

type InPlace = (element: Element, change: () => void) => void;

/** Changes what is shown while an element stays where it is on the screen. */
export const InPlaceContext = createContext<InPlace>((_, change) => change());

export function useInPlace(): InPlace {
  return useContext(InPlaceContext);
}
