/**
 * Source text of the function into which Ansible embeds the arguments; declared in front of every
 * bundle by scripts/build.ts.
 */
declare const embeddedArguments: string;
