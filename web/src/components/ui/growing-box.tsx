import { type ComponentProps, type Ref, useImperativeHandle, useRef } from "react";
import { useGrowing } from "../../hooks/use-growing";

interface Props extends Omit<ComponentProps<"textarea">, "ref" | "value"> {
  value: string;
  ref?: Ref<HTMLTextAreaElement>;
}

/** A text box that is as high as its text, up to the height that its class allows. */
export function GrowingBox({ value, ref, className = "", ...rest }: Props) {
  const box = useRef<HTMLTextAreaElement>(null);
  useImperativeHandle(ref, () => box.current as HTMLTextAreaElement, []);
  useGrowing(box, value);
  return (
    <textarea
      ref={box}
      dir={value === "" ? undefined : "auto"} // an empty one has its placeholder where the page has its words
      rows={1}
      className={`field-sizing-content block w-full resize-none bg-transparent outline-none ${className}`}
      value={value}
      {...rest}
    />
  );
}
