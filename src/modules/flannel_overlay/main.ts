import { runModule } from "../../ansible/entry";
import { module } from "./module";

void runModule(module, embeddedArguments);

export {}; // else esbuild takes this file for CommonJS, and wraps each room in a function
