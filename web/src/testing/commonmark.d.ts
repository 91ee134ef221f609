declare module "commonmark" {
  export interface Node {
    type: string;
    literal: string | null;
    destination: string | null;
    firstChild: Node | null;
    onEnter: string;
    onExit: string;
    appendChild(child: Node): void;
    insertBefore(sibling: Node): void;
    unlink(): void;
    walker(): { next(): { node: Node; entering: boolean } | null; resumeAt(node: Node, entering: boolean): void };
  }
  export const Node: new (type: string) => Node;
  export const Parser: new () => { parse(text: string): Node };
  export const HtmlRenderer: new (options: { softbreak: string }) => { render(node: Node): string };
}
declare module "commonmark-spec" {
  export const tests: { markdown: string; html: string; section: string; number: number }[];
}
