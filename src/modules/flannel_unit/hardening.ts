// The sandbox of `hardening: true`: every directive under which the backends were seen to work.

/** Directives of the Service section. flanneld configures the host's network, so it keeps that. */
export const HARDENING: readonly (readonly [name: string, value: string])[] = [
  ["NoNewPrivileges", "yes"],
  ["ProtectHome", "yes"],
  ["ProtectClock", "yes"],
  ["ProtectControlGroups", "yes"],
  ["ProtectHostname", "yes"],
  ["ProtectKernelLogs", "yes"],
  ["LockPersonality", "yes"],
  ["RestrictRealtime", "yes"],
  ["RestrictSUIDSGID", "yes"],
];
