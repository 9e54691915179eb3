// Ansible's documentation markup as Markdown that fits a table cell and a phone.

/** Names of modules are full in Ansible's markup, and what belongs to another module has its name in front. */
const COLLECTION = /^flannel_role\.flanneld\.(?:[a-z_]+#module:)?/;

/** Longer than this, a word without a place to break makes a table wider than a phone. */
const LONGEST_WORD = 18;

/**
 * Text as code. What is too long for one line of a narrow column may be broken after the punctuation
 * in it, which takes HTML, as Markdown's own code knows no such places.
 */
export function asCode(text: string): string {
  if (longestWord(text) <= LONGEST_WORD) return `\`${text}\``;
  return `<code>${breakUp(text)}</code>`;
}

/** Markup such as `O(name)`, `V(value)`, `C(text)`, `M(module)`, `B(bold)`, `L(text,address)` as Markdown. */
export function asMarkdown(text: string): string {
  return text
    .replace(/\bL\(((?:[^\\(),]|\\.)+),\s*((?:[^\\()]|\\.)+)\)/g, "[$1]($2)")
    .replace(/\bB\(((?:[^\\)]|\\.)+)\)/g, "**$1**")
    .replace(/\b(?:C|O|V|RV|E|M|I|P)\(((?:[^\\)]|\\.)+)\)/g, (_, inner: string) =>
      asCode(inner.replace(/\\(.)/g, "$1").replace(COLLECTION, "")),
    );
}

/** One cell of a Markdown table. */
function asCell(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").replace(/\|/g, "\\|");
}

/** A row of a table of two columns: a name and what it is, and the lines of what it means. */
export function asRow(head: string, meaning: readonly string[]): string {
  return `| ${asCell(head)} | ${meaning.map(asCell).join("<br>")} |`;
}

/** The paragraphs of a description. */
export function paragraphsOf(description: string | readonly string[]): readonly string[] {
  return [description].flat().map(asMarkdown);
}

function longestWord(text: string): number {
  return Math.max(...text.split(/\s+/).map((word) => word.length));
}

/** Breaks as rarely as pieces of the longest length allow, so that names stay readable. */
function breakUp(text: string): string {
  let column = 0;
  const pieces = text.split(/(?<=[_/:,.=|\]}-])|(?<=\s)/).map((piece) => {
    const isBroken = column > 0 && column + piece.length > LONGEST_WORD;
    column = /\s$/.test(piece) ? 0 : (isBroken ? 0 : column) + piece.length;
    return (isBroken ? "<wbr>" : "") + escapeHtml(piece);
  });
  return pieces.join("");
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
