// Writes tar archives block by block, also such as no tar program would make.

import { gzipSync } from "node:zlib";

export interface TarMember {
  readonly name: string;
  readonly content?: Buffer | string;
  /** The type flag: "0" a file, "1" and "2" links, "5" a directory, ... */
  readonly type?: string;
  readonly linkTo?: string;
  /** What the header says, if it is to lie. */
  readonly sizeBytes?: number;
  readonly prefix?: string;
  readonly format?: "gnu" | "ustar" | "v7";
}

/** The blocks of one member: header, content, padding. */
export function tarMember(member: TarMember): Buffer {
  const content = Buffer.from(member.content ?? "");
  const header = Buffer.alloc(512);
  header.write(member.name, 0, 100);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${(member.sizeBytes ?? content.length).toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write(member.type ?? "0", 156);
  header.write(member.linkTo ?? "", 157, 100);
  if (member.format !== "v7")
    header.write(member.format === "gnu" ? "ustar  \0" : "ustar\x0000", 257);
  header.write(member.prefix ?? "", 345, 155);
  header.write(checksumOf(header), 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding]);
}

function checksumOf(header: Buffer): string {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  return `${sum.toString(8).padStart(6, "0")}\0 `;
}

/** A whole archive, not compressed. */
export function tar(members: readonly TarMember[]): Buffer {
  return Buffer.concat([...members.map(tarMember), Buffer.alloc(1024)]);
}

export function tarGz(members: readonly TarMember[]): Buffer {
  return gzipSync(tar(members));
}
