// The report in a browser: on a desk and on a phone, with few hosts and with many, it is never wider than its window.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { type ReportedHost, renderPage } from "../support/report";

const BROWSERS = ["chromium", "google-chrome", "chromium-browser"];
const WIDTHS = [1280, 400];
/** What is wider than its place; the matrix of who reaches whom may be, and is scrolled under its first column. */
const MEASURE = `<script>addEventListener("load", () => {
  const isWide = (item) => item.clientWidth > 0 && item.scrollWidth > item.clientWidth + 1;
  const wide = [document.documentElement, ...document.querySelectorAll(".scroll:not(.fit)")].filter(isWide);
  document.title = "wide:" + wide.map((item) => item.tagName + " " + item.scrollWidth).join();
})</script></body>`;

describe("the report in a browser", function () {
  this.timeout(120_000);
  let directory: string;
  let browser: string | undefined;

  before(async function () {
    for (const name of BROWSERS) {
      const { failed } = await execa(name, ["--version"], { reject: false });
      if (!failed) browser ??= name;
    }
    if (browser === undefined) this.skip();
    directory = await mkdtemp(join(tmpdir(), "report-page-"));
  });
  after(async () => {
    if (browser !== undefined) await rm(directory, { recursive: true, force: true });
  });

  for (const count of [3, 50, 200]) {
    it(`fits a desk and a phone with ${count} hosts`, async () => {
      const page = await renderPage(directory, hostsOf(count), {});
      const policy = /<meta http-equiv="Content-Security-Policy"[^>]*>/;
      await writeFile(
        join(directory, "page.html"),
        page.replace(policy, "").replace("</body>", MEASURE),
      );
      for (const width of WIDTHS) expect(await widthsIn(width)).to.equal("wide:");
    });
  }

  it("is found too wide where it is", async () => {
    const wide = `<body><div style="width: 2000px">wide</div>${MEASURE}`;
    await writeFile(join(directory, "page.html"), wide);
    expect(await widthsIn(400)).to.match(/^wide:HTML 2\d\d\d$/);
  });

  /** The title of the page in a frame of this width: a browser's own window has a least width. */
  async function widthsIn(width: number): Promise<string> {
    const frame =
      `<iframe id="page" src="page.html" style="width: ${width}px; border: 0"></iframe>` +
      "<script>page.onload = () => setTimeout(() => { document.title = page.contentDocument.title; }, 200);</script>";
    await writeFile(join(directory, "frame.html"), frame);
    const args = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"];
    const { stdout } = await execa(browser ?? "", [
      ...args,
      "--virtual-time-budget=5000",
      "--dump-dom",
      `file://${join(directory, "frame.html")}`,
    ]);
    return (
      /<title>(.*?)<\/title>/.exec(stdout)?.[1] ??
      (await readFile(join(directory, "page.html"), "utf8"))
    );
  }
});

/** Hosts with long names, of which one was restarted and one is in trouble. */
function hostsOf(count: number): Readonly<Record<string, ReportedHost>> {
  const names = Array.from(
    { length: count },
    (_, index) => `worker-${index}.rack7.production.example.org`,
  );
  const changes = ["write /etc/systemd/system/flanneld.service", "restart flanneld.service"];
  const reasons = ["file: /var/lib/kubernetes/cert-etcd.pem has changed since the process started"];
  return Object.fromEntries(
    names.map((name, index) => [
      name,
      {
        subnet: `10.200.${index}.1/24`,
        version: "v0.28.9",
        ...(index === 0 ? { changes, reasons, expires: "2026-01-31T12:00:00Z" } : {}),
        reach: Object.fromEntries(
          names
            .filter((other) => other !== name)
            .map((other) => [other, { ping: true, tcp: false, word: "ping only" }]),
        ),
      },
    ]),
  );
}
