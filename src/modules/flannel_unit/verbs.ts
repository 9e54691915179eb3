// What a run needs that has accepted its options; the build makes a part of its own of it.

export { apply, nothing, prepare } from "./apply";
export { declare } from "./declare";
export { observe } from "./observe";
export { plan } from "./plan";
export { report } from "./report";
