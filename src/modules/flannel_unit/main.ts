import { runModule } from "../../ansible/module";
import { definition } from "./definition";

void runModule(definition, embeddedArguments);
