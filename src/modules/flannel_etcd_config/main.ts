// Entry of the bundle.

import { runModule } from "../../ansible/module";
import { createModule } from "./module";

void runModule(createModule(), embeddedArguments);
