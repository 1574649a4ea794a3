/** Descriptions as dbt users write them, in Markdown, as HTML that is safe to insert into a page. */
import MarkdownIt from "markdown-it";

// Without HTML and images: nothing in a description may run, or fetch anything.
const markdown = new MarkdownIt({ html: false, linkify: false }).disable("image");

export const htmlOf = (description: string): string => (description.trim() === "" ? "" : markdown.render(description));

/** In one line: for columns and lists. */
export const inlineHtmlOf = (description: string): string =>
  /[\n]\s*[\n|#>*-]/.test(description) ? htmlOf(description) : markdown.renderInline(description.trim());

/** The first words, as plain text. */
export function summaryOf(description: string, most = 160): string {
  const first = description.trim().split(/\n\s*\n/)[0] ?? "";
  const plain = first
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[`*#>|]+/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  return plain.length <= most ? plain : `${plain.slice(0, plain.lastIndexOf(" ", most))} …`;
}
