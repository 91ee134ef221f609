import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";

/** A small picture of a file, or a drawing of a sheet of paper; the name of the file stands beside it. */
export function Thumbnail({ address }: { address: string | null }) {
  return (
    <span className="thumbnail">
      {address === null ? (
        <Icon path={ICONS.file} className="size-5" />
      ) : (
        <img src={address} alt="" className="size-full object-cover" />
      )}
    </span>
  );
}
