import { render } from "preact";
import { App } from "./app";
import { restore } from "./session";
import { applyTheme } from "./theme";
import "./csp";

applyTheme();
void restore();
render(<App />, document.getElementById("app")!);
