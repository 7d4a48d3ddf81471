import { render } from "preact";
import { App } from "./app.tsx";
import { showHidden } from "./show-hidden.ts";
import "./style.css";

showHidden();
render(<App />, document.getElementById("app")!);
