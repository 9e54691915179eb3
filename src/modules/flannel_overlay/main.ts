import { runModule } from "../../ansible/entry";
import { module } from "./module";

void runModule(module, embeddedArguments);
