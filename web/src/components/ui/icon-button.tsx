import type { ComponentProps } from "react";
import { Icon } from "./icon";

interface Props extends Omit<ComponentProps<"button">, "children"> {
  icon: string;
  label: string;
}

/** A button that is only a drawing; its label is read out, and shown when pointed at. */
export function IconButton({ icon, label, className = "", ...rest }: Props) {
  return (
    <button type="button" aria-label={label} title={label} className={`icon-button ${className}`} {...rest}>
      <Icon path={icon} />
    </button>
  );
}
