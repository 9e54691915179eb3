// Links between the Markdown files of the repository: a file, or a heading in it, that is not there.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** Each dead link of the tracked Markdown files below a folder, as a sentence. */
export function findDeadLinks(root: string): readonly string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  const files = listed.split("\n").filter((file) => file !== "" && existsSync(join(root, file)));
  return files.flatMap((file) => findDeadLinksIn(file, root));
}

function findDeadLinksIn(file: string, root: string): readonly string[] {
  return linksOf(readFileSync(join(root, file), "utf8")).flatMap((link) => {
    const fault = judgeLink(link, file, root);
    return fault === undefined ? [] : [`${file}: ${link}: ${fault}`];
  });
}

/** Why a link leads nowhere; those to other sites are not followed. */
function judgeLink(link: string, file: string, root: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? file : normalize(join(dirname(file), path));
  if (target.startsWith("..")) return "leads out of the repository";
  if (!existsSync(join(root, target))) return "there is no such file";
  if (anchor === undefined || !target.endsWith(".md")) return undefined;
  const anchors = anchorsOf(readFileSync(join(root, target), "utf8"));
  return anchors.has(anchor) ? undefined : "the file has no such heading";
}

/** The targets of links and pictures in a Markdown text, but for those in code. */
export function linksOf(markdown: string): readonly string[] {
  const prose = withoutCode(markdown).replace(/`[^`\n]*`/g, "``");
  const inline = [...prose.matchAll(/\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const defined = [...prose.matchAll(/^\[[^\]]+\]:\s+<?(\S+?)>?\s*$/gm)];
  const html = [...prose.matchAll(/<(?:a|img|source)\s[^>]*?(?:href|src|srcset)="([^"]+)"/g)];
  return [...inline, ...defined, ...html].map((match) => match[1] ?? "");
}

/** The anchors that a Markdown text offers on GitHub and GitLab: of headings, and those given by hand. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const text = withoutCode(markdown);
  const anchors = new Set(
    [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map((match) => match[1] ?? ""),
  );
  for (const [, title = ""] of text.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = slugOf(title);
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function slugOf(title: string): string {
  const words = title.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return words.replace(/[^\p{L}\p{N} _-]/gu, "").replace(/ /g, "-");
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^\1\2 *$/gm, "");
}
