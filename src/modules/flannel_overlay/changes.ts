// What this module can do to a host: end and remove what an echo left, and serve an echo.

import { type Change as AnyChange } from "../../ansible/module";
import { type Place } from "../../flannel/reach";
import { LINK, NAMESPACE } from "../../host/namespace";
import { type Remains, type Site } from "./observe";

/** One address to serve at. */
export interface Post {
  readonly family: Site["family"];
  readonly place: Place;
  readonly address: string;
  /** The address of the subnet that the host itself has. */
  readonly own?: string | undefined;
  /** The host does not have the address yet. */
  readonly isLent: boolean;
}

export type Change = AnyChange &
  (
    | { readonly kind: "end"; readonly processes: readonly number[] }
    | { readonly kind: "remove"; readonly namespace: boolean; readonly link: boolean }
    | {
        readonly kind: "serve";
        readonly posts: readonly Post[];
        /** Where to serve when no namespace can be made. */
        readonly otherwise: readonly Post[];
        readonly mtu: number;
      }
  );

/** Ends the processes of an echo. */
export function end(processes: readonly number[]): Change {
  return { kind: "end", processes, summary: `end the echo (process ${processes.join(", ")})` };
}

/** Removes the namespace and the interface of an echo. */
export function remove({ namespace, link }: Remains): Change {
  const names = [
    ...(namespace ? [`network namespace ${NAMESPACE}`] : []),
    ...(link ? [`interface ${LINK}`] : []),
  ];
  return { kind: "remove", namespace, link, summary: `remove ${names.join(" and ")}` };
}

/** Serves an echo, from a namespace like a pod's where a post says so. */
export function serve(posts: readonly Post[], otherwise: readonly Post[], mtu: number): Change {
  const where = posts.map(
    ({ address, place }) => `${address}${place === "pod" ? " like a pod" : ""}`,
  );
  return {
    kind: "serve",
    posts,
    otherwise,
    mtu,
    summary: `serve an echo at ${where.join(" and ")}`,
  };
}
