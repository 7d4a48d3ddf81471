/** A command of a block, with the output that the page shows. */
export interface Command {
  /** Where it begins, in lines of the block, from 0. */
  readonly line: number;
  readonly text: string;
  /** Its lines as the page has them. */
  readonly lines: readonly string[];
  readonly output: readonly string[];
}

const PROMPT = "$ ";

/** The commands of a `console` block, each with the lines below it. Lines above the first command belong to nobody. */
export function consoleCommands(text: string): Command[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at]!.startsWith(PROMPT)) throw new Error(`a console block begins with "${PROMPT}", not "${lines[at]}"`);
    const line = at;
    let command = lines[at++]!.slice(PROMPT.length);
    while (isOpen(command) && at < lines.length) command += `\n${lines[at++]!.replace(/^> /, "")}`;
    const output: string[] = [];
    while (at < lines.length && !lines[at]!.startsWith(PROMPT)) output.push(lines[at++]!);
    commands.push({ line, text: command, lines: lines.slice(line, at - output.length), output });
  }
  return commands;
}

/** The commands of a `sh` block. */
export function shellCommands(text: string): Command[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = at;
    let command = lines[at++]!;
    while (isOpen(command) && at < lines.length) command += `\n${lines[at++]!}`;
    if (/^\s*(#.*)?$/.test(command)) continue;
    commands.push({ line, text: command, lines: lines.slice(line, at), output: [] });
  }
  return commands;
}

/** Whether a command goes on in the next line: behind a `\`, within quotes, in a here-document, or in a compound command. */
export function isOpen(command: string): boolean {
  const [, , delimiter] = /<<-?\s*(["']?)(\w+)\1/.exec(command) ?? [];
  if (delimiter !== undefined) return !new RegExp(`\n\\s*${delimiter}$`).test(command);
  let quote = "";
  for (let at = 0; at < command.length; at++) {
    const character = command[at]!;
    if (character === "\\" && quote !== "'") {
      if (at === command.length - 1) return true;
      at++;
    } else if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === "'" || character === '"') quote = character;
    else if (character === "#" && /^$|[\s;&|(]/.test(command[at - 1] ?? "")) {
      const end = command.indexOf("\n", at);
      if (end < 0) break;
      at = end;
    }
  }
  const opened = command.match(/^\s*(for|while|until|if|case)\b/gm)?.length ?? 0;
  const closed = command.match(/(^|[;\s])(done|fi|esac)\b/gm)?.length ?? 0;
  return quote !== "" || opened > closed;
}
