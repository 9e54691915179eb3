// Whether a host knows the way to another host's subnet, as `ip` tells.

/** Which route the kernel of this host takes to an address of another host's subnet. */
export type RouteKind = "lease" | "default" | "none";

/**
 * The kind of route in an answer of `ip route get fibmatch`; null where this `ip` cannot tell.
 */
export function routeKindOf(answer: {
  exitCode: number;
  stdout: string;
  stderr: string;
}): RouteKind | null {
  if (answer.exitCode !== 0) {
    return /RTNETLINK answers|unreachable|No route/i.test(answer.stderr) ? "none" : null;
  }
  if (/^(default|0\.0\.0\.0\/0|::\/0) /.test(answer.stdout)) return "default";
  return /^(blackhole|unreachable|prohibit|throw) /.test(answer.stdout) ? "none" : "lease";
}
