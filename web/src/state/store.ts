// Holds the state and tells its listeners of each change, as React's useSyncExternalStore needs it.

import { reduce } from "./reduce";
import type { Action, State } from "./state";

export class Store {
  #state: State;
  readonly #listeners = new Set<() => void>();

  constructor(state: State) {
    this.#state = state;
  }

  get state(): State {
    return this.#state;
  }

  readonly dispatch = (action: Action): void => {
    this.#state = reduce(this.#state, action);
    for (const listener of this.#listeners) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
