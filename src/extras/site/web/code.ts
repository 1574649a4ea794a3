/** Highlighting of SQL with Jinja in it: a script of its own that node pages load. */
import hljs from "highlight.js/lib/core";
import pgsql from "highlight.js/lib/languages/pgsql";

hljs.registerLanguage("pgsql", pgsql);

const JINJA = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}/g;
/** First of the private characters that stand for pieces of Jinja while the SQL around them is highlighted. */
const FIRST = 0xe000;
const MOST = 0x1800;

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** HTML, with everything of the text escaped. */
export function highlight(text: string): string {
  const pieces: string[] = [];
  const sql = text.replaceAll(JINJA, (piece) =>
    pieces.length < MOST ? String.fromCharCode(FIRST + pieces.push(piece) - 1) : piece,
  );
  const html = hljs.highlight(sql, { language: "pgsql", ignoreIllegals: true }).value;
  return html.replaceAll(/[\uE000-\uF7FF]/g, (character) => {
    const piece = pieces[character.charCodeAt(0) - FIRST];
    if (piece === undefined) return character;
    return `<span class="${piece.startsWith("{#") ? "hljs-comment" : "jinja"}">${escape(piece)}</span>`;
  });
}

// In tests there is no window.
if (typeof window !== "undefined") window.sluice!["code"] = { highlight };
