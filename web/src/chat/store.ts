// Holds the state, for React's useSyncExternalStore.

import { type Action, INITIAL, reduce, type State } from "./state";

export class Store {
  #state = INITIAL;
  readonly #listeners = new Set<() => void>();

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
