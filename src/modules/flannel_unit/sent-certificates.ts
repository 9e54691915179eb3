// Certificates that were sent to the host in one file, so that no private key is an argument of a task. What is
// in the file is never quoted, and it is gone as soon as nobody needs it.

import { ModuleError } from "../../base/errors";
import { tryParseRecord } from "../../base/json";
import { removeFile, replaceFile, tryReadFile } from "../../host/atomic-file";
import { sha256Of } from "../../host/digest";
import { type Placement } from "./changes";

/** Puts one file in place. Throws `not_found` and `verification` when what was sent is not it. */
export async function placeSent(file: Placement): Promise<void> {
  try {
    const text = await takeText(file);
    await replaceFile(file.path, text, { mode: file.mode, uid: 0, gid: 0 });
  } catch (error) {
    await removeFile(file.sent);
    throw error;
  }
  if (file.isLast) await removeFile(file.sent);
}

async function takeText({ sent, name, sha256 }: Placement): Promise<string> {
  const content = tryReadFile(sent)?.content;
  if (content === undefined)
    throw faultOf("not_found", sent, "there is no such file, send it first");
  const text = tryParseRecord(content)?.[name];
  if (typeof text !== "string") {
    throw faultOf("verification", sent, `expected a JSON object with a text named ${name}`);
  }
  if ((await sha256Of(text)) === sha256) return text;
  throw faultOf("verification", sent, `${name} does not have the declared SHA-256`);
}

function faultOf(code: "not_found" | "verification", sent: string, fault: string): ModuleError {
  return new ModuleError(code, `certificates: sent: ${sent}: ${fault}`);
}
