// Which prefixes of flannel's keys in etcd flannel can live with.

/** The most repetitions that a counted one may make in Go (regexp/syntax). */
const MAX_COUNT = 1000;

/**
 * Why no flannel works with this prefix ("expected ..."); undefined when nothing is wrong. Every release makes a
 * regular expression of it and panics where it is none (subnet/etcd registry.go, regexp.MustCompile).
 */
export function findPrefixFault(prefix: string): string | undefined {
  if (prefix !== prefix.trim()) return "expected no leading or trailing blank";
  if (!isGoExpression(`${prefix}/([^/]*)(/|/config)?$`)) {
    return "expected a valid Go regular expression, because flannel compiles it as one and otherwise crashes";
  }
  return undefined;
}

/** Errs on the side of no where JavaScript and Go differ, which is far from anything that names a folder. */
function isGoExpression(text: string): boolean {
  // Classes by name and text until \E; groups with flags, names or a look around; empty classes; assertions repeated.
  if (/\\[a-z\d]|\\\P{ASCII}|\(\?(?!:)|\[\^?\]|\[:/iu.test(text)) return false;
  const counts = [...text.matchAll(/\{(\d+)(?:,(\d*))?\}/g)];
  const most = counts.map(([, from, to]) => Number(to === undefined || to === "" ? from : to));
  if (most.reduce((product, count) => product * Math.max(count, 1), 1) > MAX_COUNT) return false;
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
