// Small pictures of files, made in the browser, and the last pictures that were looked at.

import type { ShownFile } from "../protocol/frames";
import { isPicture } from "../text/file-words";

const MOST_THUMBNAILS = 300;
/** So many of the last contents are kept, so that a picture that was just sent need not be fetched. */
const MOST_CONTENTS = 4;

export class PictureCache {
  readonly #fetch: (id: string) => Promise<Blob>;
  readonly #thumbnails = new Map<string, Promise<string>>();
  readonly #contents = new Map<string, Promise<Blob>>();

  /** `fetch` brings the content of a file from the server. */
  constructor(fetch: (id: string) => Promise<Blob>) {
    this.#fetch = fetch;
  }

  /** The server has this file now. */
  keep(id: string, file: Blob): void {
    this.#remember(id, Promise.resolve(file));
  }

  /** The whole of a picture, as an address. Rejects as `Api.request` does. */
  async whole(file: ShownFile): Promise<string> {
    return dataAddress(await this.#content(file.id, file.type));
  }

  async #content(id: string, type: string): Promise<Blob> {
    const known = this.#contents.get(id) ?? this.#fetch(id);
    this.#remember(id, known);
    known.catch(() => this.#contents.delete(id));
    // As a picture and as nothing else, whatever came with it.
    return new Blob([await known], { type: isPicture(type) ? type : "application/octet-stream" });
  }

  /** The address of a small picture of a file, `local` or the server's `id`; null where none can be made. */
  thumbnail(id: string | null, type: string, local: File | undefined, edge: number): Promise<string | null> {
    if (!isPicture(type)) return Promise.resolve(null);
    if (id === null && local === undefined) return Promise.resolve(null);
    const key = `${edge} ${id ?? `${local?.name} ${local?.size} ${local?.lastModified}`}`;
    const content = async () => local ?? (await this.#content(id ?? "", type));
    const made = this.#thumbnails.get(key) ?? content().then((it) => shrunk(it, edge));
    this.#thumbnails.set(key, made);
    const [oldest] = this.#thumbnails.keys();
    if (this.#thumbnails.size > MOST_THUMBNAILS && oldest !== undefined) this.#thumbnails.delete(oldest);
    return made.catch(() => {
      this.#thumbnails.delete(key); // it may come another time
      return null;
    });
  }

  #remember(id: string, content: Promise<Blob>): void {
    this.#contents.delete(id);
    this.#contents.set(id, content);
    const [oldest] = this.#contents.keys();
    if (this.#contents.size > MOST_CONTENTS && oldest !== undefined) this.#contents.delete(oldest);
  }
}

/** A picture of at most `edge` pixels on either side, as an address that holds it. */
async function shrunk(picture: Blob, edge: number): Promise<string> {
  const drawing = await createImageBitmap(picture);
  const scale = Math.min(1, edge / Math.max(drawing.width, drawing.height));
  const [width, height] = [drawing.width, drawing.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.getContext("2d")?.drawImage(drawing, 0, 0, canvas.width, canvas.height);
  drawing.close();
  return canvas.toDataURL("image/webp", 0.85);
}

/** An address that holds the content: the page's policy lets a picture come from no other. */
function dataAddress(content: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(content);
  });
}
