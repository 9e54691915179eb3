// A PEM file, read so that a wrong one is named with its option.

import { readFile } from "node:fs/promises";

import { ModuleError, systemCodeOf } from "../../base/errors";
import { translateFileError } from "../file-errors";

/** What is another thing for a file that is read than for one that is written. */
const REASONS: Readonly<Record<string, string>> = {
  EISDIR: "it is a directory, name a file",
  ENOENT: "there is no such file on this host",
};

/** The text of a file that holds `kind`. Throws `tls` (or `permission`, `host`). */
export async function readPem(
  option: string,
  path: string,
  kind: "CERTIFICATE" | "PRIVATE KEY",
): Promise<string> {
  if (path === "") {
    throw new ModuleError("invalid_arguments", `${option}: is empty, name a file or leave it out`);
  }
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const failure = translateFileError(path, "read", error);
    const reason = REASONS[systemCodeOf(error) ?? ""];
    const told = reason === undefined ? failure.message : `cannot read ${path}: ${reason}`;
    throw new ModuleError(failure.code, `${option}: ${told}`, { cause: error });
  }
  if (new RegExp(`-----BEGIN [A-Z0-9 ]*${kind}-----`).test(text)) return text;
  const der = text.startsWith("0\ufffd") ? " (it looks like DER, openssl can convert it)" : "";
  throw new ModuleError(
    "tls",
    `${option}: ${path} contains no PEM "${kind}"${der}, give another file`,
  );
}
