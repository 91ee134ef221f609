import { type ComponentProps, type ReactNode, useId } from "react";

interface Props extends Omit<ComponentProps<"input">, "onChange"> {
  label: string;
  value: string;
  onWrite: (token: string) => void;
  /** What stands below the input. */
  children?: ReactNode;
}

/** Takes a token, which the browser does not remember. */
export function TokenField({ label, onWrite, children, ...input }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        type="password"
        className="input font-mono"
        autoComplete="off"
        required
        onChange={({ target }) => onWrite(target.value)}
      />
      {children}
    </div>
  );
}
