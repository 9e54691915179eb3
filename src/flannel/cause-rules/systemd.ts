// What systemd 247 to 257, Go and the kernel say of a process that does not start or does not live.

import { type CauseRule } from "./rule";

export const SYSTEMD_CAUSES: readonly CauseRule[] = [
  {
    name: "flags",
    pattern: /flag provided but not defined|^Usage: |invalid value ".*" for flag/,
    cause: "flanneld does not accept its command line",
    remedy:
      "set flannel_version to the release of the binary, so that the flags are checked against it",
  },
  {
    name: "flag-value",
    pattern:
      /Invalid subnet-lease-renew-margin|subnet\/kube: prefix |EVENT_QUEUE_DEPTH=|could not compile the IP address regex|regex error matching|Can't (parse|set) .*flag|Failed to set flag FLANNELD from env/,
    cause: "flanneld refuses the value of a flag or of an environment variable",
    remedy: "correct what the line names",
  },
  {
    name: "executable",
    pattern: /Failed to (find|locate) executable|status=203|Exec format error/i,
    cause: "a program of the unit cannot be executed",
    remedy:
      "check binary, exec_start_pre and exec_start_post: they must exist, be executable and be built for this CPU",
  },
  {
    name: "sandbox",
    pattern: /Failed at step NAMESPACE|Failed to set up mount namespacing|status=226/,
    cause: "systemd cannot set up the sandbox of the unit",
    remedy:
      "a path of a sandbox directive is not there (ReadWritePaths and its like; a leading - makes it optional), or the host is a container that forbids namespaces",
  },
  {
    name: "environment-file",
    pattern: /Failed to load environment files/,
    cause: "systemd cannot read an environment file of the unit",
    remedy: "check EnvironmentFile of the unit and of its drop-ins; a leading - makes it optional",
  },
  {
    name: "identity",
    pattern: /Failed at step (USER|GROUP|CHDIR|CAPABILITIES|CGROUP|APPARMOR_PROFILE|SECCOMP)/,
    cause: "systemd cannot start the daemon as the unit demands",
    remedy: "check the directive that the step names in the unit and its drop-ins",
  },
  {
    name: "memory",
    pattern: /killed by the OOM killer|Out of memory|result 'oom-kill'/,
    cause: "the kernel killed flanneld because memory ran out",
    remedy: "raise MemoryMax of the unit, or free memory on the host",
  },
  {
    name: "crash",
    pattern: /^panic: |^fatal error: |^runtime: /,
    cause: "flanneld crashed",
    remedy:
      "see the first lines after panic; report it to the flannel project, and use another release until it is fixed",
  },
  {
    name: "control-process",
    pattern: /Control process exited, code=/,
    cause: "a command of exec_start_pre or exec_start_post failed",
    remedy: "run it by hand on the host; a leading - makes systemd ignore its failure",
  },
  {
    name: "start-limit",
    pattern: /Start request repeated too quickly/,
    isConsequence: true,
    cause: "it died so often that systemd has given up",
    remedy: "see the older lines of its journal for the first death",
  },
  {
    name: "start-timeout",
    pattern: /start operation timed out|Start-pre operation timed out/,
    isConsequence: true,
    cause: "systemd gave up waiting for flanneld to become ready",
    remedy: "see what it waited for in its last lines; TimeoutStartSec may be too short for it",
  },
];
