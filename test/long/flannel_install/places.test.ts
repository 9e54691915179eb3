// Every kind of file, name, directory and disk that an installation may meet. Whatever it is, flanneld is
// the new one, and stays so; or it is said why not, and everything is as it was.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { expect } from "chai";

import { type Result, Target } from "../../support/flannel-install";
import { tarGz } from "../../support/tar";
import { tinyProgram } from "../../support/tiny-program";

const OLD = tinyProgram("v0.16.1", 20_000);
const NEW = tinyProgram("v0.28.9", 200_000);
const [RECORD, LOCK, SCRIPT] = [".flanneld.origin.json", ".flanneld.lock", "mk-docker-opts.sh"];
const BINARY = "flanneld";

/** Where a case is set up. */
class Place {
  readonly #undo: (() => void)[] = [];
  /** Where flanneld goes; the old one is there already. */
  bin: string;

  constructor(readonly root: string) {
    this.bin = join(root, "sbin");
  }

  /** A file of flanneld's directory, or the directory itself. */
  at(name = ""): string {
    return join(this.bin, name);
  }

  beside(name: string): string {
    return join(this.root, name);
  }

  remove(name = ""): void {
    execFileSync("rm", ["-rf", this.at(name)]);
  }

  mount(options: string): void {
    this.run("mount", "-t", "tmpfs", "-o", `mode=0755,${options}`, "none", this.bin);
    this.later(() => {
      this.run("umount", this.bin);
    });
    writeFileSync(this.at(BINARY), OLD, { mode: 0o750 });
  }

  run(program: string, ...args: readonly string[]): void {
    execFileSync(program, args, { stdio: "pipe" });
  }

  later(step: () => void): void {
    this.#undo.unshift(step);
  }

  undo(): void {
    for (const step of this.#undo) step();
  }
}

interface Case {
  readonly what: string;
  readonly prepare: (place: Place) => Result | undefined;
  /** What is said; undefined where it is installed. */
  readonly refusal: RegExp | undefined;
}

const FULL = /no space left on the device/;
const IN_THE_WAY = /in the way, move it aside/;
const ARCHIVE = { src: "archive" };

const takes = (what: string, prepare: (place: Place) => unknown): Case => ({
  ...{ what, refusal: undefined },
  prepare: (place) => prepare(place) as Result | undefined,
});
const refuses = (refusal: RegExp, what: string, prepare: (place: Place) => unknown): Case => ({
  ...{ what, refusal },
  prepare: (place) => prepare(place) as Result | undefined,
});
const named = (what: string, name: string): Case =>
  takes(`in a directory with ${what}`, (place) => {
    place.bin = place.beside(name);
    mkdirSync(place.bin);
    writeFileSync(place.at(BINARY), OLD, { mode: 0o750 });
  });
const under = (mask: number): Case =>
  takes(`under the umask ${mask.toString(8)}`, (place) => {
    const before = process.umask(mask);
    place.later(() => process.umask(before));
  });
const full = (size: string, more?: Result): Case =>
  refuses(FULL, `with ${size} of room${more ? ", for an archive" : ""}`, (place) => {
    place.mount(`size=${size}`);
    return more;
  });

const DISKS: readonly Case[] = [
  ...["40k", "100k", "200k", "220k"].map((size) => full(size)),
  ...["40k", "100k", "200k", "240k", "300k", "400k"].map((size) => full(size, ARCHIVE)),
  takes("with just enough room", (place) => {
    place.mount("size=400k");
  }),
  takes("with just enough room for an archive", (place) => {
    place.mount("size=700k");
    return ARCHIVE;
  }),
  ...[2, 3].map((inodes) =>
    refuses(FULL, `with ${inodes} inodes`, (place) => {
      place.mount(`nr_inodes=${inodes}`);
    }),
  ),
  refuses(FULL, "with three inodes for an archive", (place) => {
    place.mount("nr_inodes=3");
    return ARCHIVE;
  }),
  ...[{}, ARCHIVE, { state: "absent" }].map((more: Result) =>
    refuses(/file system is read-only/, `that is read-only: ${JSON.stringify(more)}`, (place) => {
      place.mount("size=4m");
      place.run("mount", "-o", "remount,ro", place.bin);
      return more;
    }),
  ),
  ...[{}, ARCHIVE].map((more: Result) =>
    refuses(/programs cannot be run there/, `noexec: ${JSON.stringify(more)}`, (place) => {
      place.mount("size=4m,noexec");
      return more;
    }),
  ),
  takes("nodev, nosuid", (place) => {
    place.mount("size=4m,nodev,nosuid");
  }),
  ...[{}, ARCHIVE, { state: "absent" }].map((more: Result) =>
    refuses(/mount point/, `a mount of flanneld: ${JSON.stringify(more)}`, (place) => {
      place.run("mount", "--bind", place.at(BINARY), place.at(BINARY));
      place.later(() => {
        place.run("umount", place.at(BINARY));
      });
      return more;
    }),
  ),
];

const PERMISSIONS: readonly Case[] = [
  ...[{}, ARCHIVE, { state: "absent" }].map((more: Result) =>
    refuses(/immutable/, `an immutable flanneld: ${JSON.stringify(more)}`, (place) => {
      place.run("chattr", "+i", place.at(BINARY));
      place.later(() => {
        place.run("chattr", "-i", place.at(BINARY));
      });
      return more;
    }),
  ),
  ...[{}, { state: "absent" }].map((more: Result) =>
    refuses(/not permitted/, `an immutable directory: ${JSON.stringify(more)}`, (place) => {
      place.run("chattr", "+i", place.bin);
      place.later(() => {
        place.run("chattr", "-i", place.bin);
      });
      return more;
    }),
  ),
  ...[0, 0o027, 0o077, 0o777].map(under),
  ...[0, 0o444, 0o777, 0o4755].map((mode) =>
    takes(`over a file of mode ${mode.toString(8)}`, (place) => {
      chmodSync(place.at(BINARY), mode);
    }),
  ),
  ...[0o2755, 0o1777, 0o0500].map((mode) =>
    takes(`in a directory of mode ${mode.toString(8)}`, (place) => {
      if (mode === 0o2755) chownSync(place.bin, 0, 12345);
      chmodSync(place.bin, mode);
    }),
  ),
  takes("over a file of somebody else", (place) => {
    chownSync(place.at(BINARY), 12345, 12345);
  }),
  refuses(/nobody-of-this-name/, "for an owner that is none", () => ({
    owner: "nobody-of-this-name",
  })),
];

const NAMES: readonly Case[] = [
  named("spaces", " a  b "),
  named("a line end", "a\nb"),
  named("quotes", `it's "so"`),
  named("a command", "$(touch pwned);`id`"),
  named("a pattern", "*[a-z]?"),
  named("backslashes", "a\\b\\n"),
  named("a percent sign", "%s%n{version}"),
  named("a dash before it", "-rf"),
  named("a colon", "a:b"),
  named("letters of many languages", "éßñ日本語🐳"),
  named("the name of a staged file", ".flanneld.new-1"),
  named("255 characters", "n".repeat(255)),
  takes("in a path of 3600 characters", (place) => {
    place.bin = place.beside(Array.from({ length: 36 }, () => "d".repeat(99)).join("/"));
    return {};
  }),
  takes("in a path with dots and slashes", (place) => ({
    bin_dir: `${place.root}//x/.././sbin//`,
  })),
  takes("in directories that are not there", (place) => {
    place.bin = place.beside("a/b/c");
  }),
  refuses(/name is longer than/, "a name of 256 characters", (place) => ({
    bin_dir: place.beside("n".repeat(256)),
  })),
  refuses(/name is longer than/, "a path of 5000 characters", (place) => ({
    bin_dir: place.beside(Array.from({ length: 50 }, () => "d".repeat(99)).join("/")),
  })),
  refuses(/expected an absolute path/, "a path without its beginning", () => ({ bin_dir: "sbin" })),
];

const LINKS: readonly Case[] = [
  takes("through a link to the directory", (place) => {
    symlinkSync(place.bin, place.beside("link"));
    return { bin_dir: place.beside("link") };
  }),
  refuses(/dangling symbolic link is in the way/, "through a link that leads nowhere", (place) => {
    symlinkSync("/no/such", place.beside("link"));
    return { bin_dir: place.beside("link") };
  }),
  refuses(/circle/, "through a link to itself", (place) => {
    symlinkSync("link", place.beside("link"));
    return { bin_dir: place.beside("link") };
  }),
  ...["/no/such", BINARY].map((to) =>
    takes(`over a link to ${to}`, (place) => {
      place.remove(BINARY);
      symlinkSync(to, place.at(BINARY));
    }),
  ),
  ...["/dev/null", "/"].map((to) =>
    refuses(IN_THE_WAY, `over a link to ${to}`, (place) => {
      place.remove(BINARY);
      symlinkSync(to, place.at(BINARY));
    }),
  ),
  takes("over one of two names", (place) => {
    linkSync(place.at(BINARY), place.beside("other"));
    place.later(() => {
      expect(readFileSync(place.beside("other")).equals(OLD)).to.equal(true);
    });
  }),
];

const IN_ITS_PLACE: readonly Case[] = [
  ...[{}, { state: "absent" }].flatMap((more: Result) => [
    refuses(IN_THE_WAY, `a directory: ${JSON.stringify(more)}`, (place) => {
      place.remove(BINARY);
      mkdirSync(place.at(BINARY));
      return more;
    }),
    refuses(IN_THE_WAY, `a pipe: ${JSON.stringify(more)}`, (place) => {
      place.remove(BINARY);
      place.run("mkfifo", place.at(BINARY));
      return more;
    }),
    refuses(IN_THE_WAY, `a device: ${JSON.stringify(more)}`, (place) => {
      place.remove(BINARY);
      place.run("mknod", place.at(BINARY), "c", "1", "3");
      return more;
    }),
  ]),
  refuses(/not a directory/, "a file for its directory", (place) => {
    place.remove();
    writeFileSync(place.bin, "");
  }),
  refuses(/not a directory/, "a file for the directory above", (place) => {
    writeFileSync(place.beside("file"), "");
    return { bin_dir: place.beside("file/sbin") };
  }),
  ...["", "{", "null", "[]", '{"flanneld":7}', "\0\xff"].map((text) =>
    takes(`a record that says ${JSON.stringify(text)}`, (place) => {
      writeFileSync(place.at(RECORD), text);
    }),
  ),
  refuses(IN_THE_WAY, "a directory for its record", (place) => {
    mkdirSync(place.at(RECORD));
  }),
  takes("a lock of a run that is gone", (place) => {
    writeFileSync(place.at(LOCK), "4194304 1\n");
  }),
  takes("the staged file of a run that is gone", (place) => {
    writeFileSync(place.at(".flanneld.new-4194304.1-asset"), "half");
  }),
  takes("a directory with the name of a staged file", (place) => {
    mkdirSync(place.at(".other.new-4194304.1"));
  }),
];

const SOURCES: readonly Case[] = [
  refuses(/no such file/, "nothing", () => ({ src: "nothing" })),
  refuses(/it is a directory/, "a directory", () => ({ src: "sbin" })),
  refuses(/it is a named pipe/, "a pipe", (place) => {
    place.run("mkfifo", place.beside("pipe"));
    return { src: "pipe" };
  }),
  refuses(/it is a device/, "a device without end", () => ({ src: "/dev/zero" })),
  refuses(/is empty/, "an empty file", (place) => {
    writeFileSync(place.beside("empty"), "");
    return { src: "empty" };
  }),
  refuses(/is larger than \d+ bytes/, "a file of holes", (place) => {
    writeFileSync(place.beside("holes"), "");
    truncateSync(place.beside("holes"), 2 ** 40);
    return { src: "holes" };
  }),
  refuses(/circle/, "a link to itself", (place) => {
    symlinkSync("circle", place.beside("circle"));
    return { src: "circle" };
  }),
  takes("a link", (place) => {
    symlinkSync("binary", place.beside("link"));
    return { src: "link" };
  }),
  takes("a file that may not be run", (place) => {
    chmodSync(place.beside("binary"), 0o400);
  }),
  takes("an archive", () => ARCHIVE),
];

describe("flannel_install: in places of every kind", function () {
  this.timeout(30_000);
  let target: Target;
  let place: Place;

  before(function () {
    if (process.getuid?.() !== 0) this.skip(); // only root can mount
  });
  beforeEach(() => {
    target = new Target();
    place = new Place(target.root);
    mkdirSync(place.bin);
    writeFileSync(place.at(BINARY), OLD, { mode: 0o750 });
    writeFileSync(place.beside("binary"), NEW);
    writeFileSync(place.beside("archive"), tarGz([{ name: BINARY, content: NEW }]));
  });
  afterEach(() => {
    place.undo();
    target.remove();
  });

  /** All that is there, and what it is; modes and times of directories are nobody's business. */
  const everything = (path: string): readonly string[] => {
    const info = lstatSync(path);
    if (info.isDirectory()) {
      return [path, ...readdirSync(path).flatMap((name) => everything(join(path, name)))];
    }
    return [`${path} ${info.mode} ${info.uid} ${info.size} ${info.ino} ${info.mtimeMs}`];
  };
  const isOurs = (name: string): boolean =>
    [BINARY, SCRIPT, RECORD].includes(name) || /^\.flanneld\.previous-[\w.]+$/.test(name);

  const groups = { DISKS, PERMISSIONS, NAMES, LINKS, IN_ITS_PLACE, SOURCES };
  const cases = Object.values(groups).flat();
  it(`are at least 68: ${cases.length}`, () => {
    expect(cases.length).to.be.at.least(68);
    expect(
      new Set(Object.entries(groups).flatMap(([group, all]) => all.map(({ what }) => group + what)))
        .size,
    ).to.equal(cases.length);
  });

  for (const [group, all] of Object.entries(groups)) {
    for (const { what, prepare, refusal } of all) {
      const kind = group.toLowerCase().replace(/_/g, " ");
      it(`${kind}: ${what}: ${refusal === undefined ? "is replaced" : "stays"}`, async () => {
        const { src = "binary", ...more } = prepare(place) ?? {};
        const options = {
          ...{ version: "v0.28.9", bin_dir: place.bin, keep: 1, ...more },
          ...(more["state"] === "absent"
            ? {}
            : { src: join(String(src).startsWith("/") ? "/" : place.root, String(src)) }),
        };
        const before = everything(place.root);
        const result = await target.run(options);
        if (refusal === undefined) {
          expect(result["msg"]).to.equal(undefined);
          expect(result).to.include({ changed: true, version: "v0.28.9" });
          expect(lstatSync(place.at(BINARY))).to.include({ mode: 0o100750, size: NEW.length });
          expect(readFileSync(place.at(BINARY)).equals(NEW)).to.equal(true);
          const added = readdirSync(place.bin).filter((name) => !isOurs(name));
          expect(
            added.filter((name) => !before.some((line) => line.startsWith(place.at(name)))),
          ).to.deep.equal([]);
          expect(await target.run(options)).to.deep.include({ changed: false, changes: [] });
        } else {
          expect(result).to.include({ failed: true, changed: false });
          expect(result["msg"]).to.match(refusal);
          expect(everything(place.root)).to.deep.equal(before);
        }
        expect(readdirSync(dirname(place.bin)).some((name) => name === "pwned")).to.equal(false);
      });
    }
  }
});
