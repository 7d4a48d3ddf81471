import type { CompletedCommand, CompletedOption, Values } from "./model.ts";
import { quoted } from "./shell.ts";

/** The script that completes the program in zsh: a function for each command. */
export const zshScript = (name: string, commands: readonly CompletedCommand[]): string => `#compdef ${name}
# Completion of ${name} for zsh. To have it in every shell, add to ~/.zshrc, behind compinit:
#   source <(${name} completion zsh)
${commands.map((each) => commandFunction(name, each)).join("\n")}
if [[ \${funcstack[1]} == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;

const functionOf = (name: string, path: string): string => `_${[name, ...path.split(" ").filter(Boolean)].join("_")}`;

function commandFunction(name: string, { path, commands, options, values }: CompletedCommand): string {
  const specs = options.map(optionSpec);
  if (commands.length === 0) {
    const words = values === undefined || values === "any" ? [] : [quoted(`*:value:${action(values)}`)];
    return `${functionOf(name, path)}() {
  _arguments ${[...specs, ...words].join(" \\\n    ")}
}
`;
  }
  const named = commands.map((each) => quoted(`${escaped(each.name)}:${escaped(each.description)}`));
  const below = commands.filter((each) => each.name !== "help");
  return `${functionOf(name, path)}() {
  local curcontext=$curcontext state line
  local -a commands=(
    ${named.join("\n    ")}
  )
  _arguments -C ${[...specs, "'1: :->command'", "'*:: :->argument'"].join(" \\\n    ")}
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $line[1] in
${below.map((each) => `        ${quoted(each.name)}) ${functionOf(name, `${path} ${each.name}`)} ;;`).join("\n")}
      esac ;;
  esac
}
`;
}

/** An option as `_arguments` reads it: what it excludes, its names, its description, its value. */
function optionSpec({ names, description, values, isValueOptional, isRepeated }: CompletedOption): string {
  const excluded = isRepeated ? "'*'" : names.length > 1 ? quoted(`(${names.join(" ")})`) : "";
  const all = names.length > 1 ? `{${names.join(",")}}` : names[0]!;
  const value = values === undefined ? "" : `${isValueOptional ? "::" : ":"}value:${action(values)}`;
  return `${excluded}${all}${quoted(`[${escaped(description)}]${value}`)}`;
}

function action(values: Values): string {
  if (values === "files") return "_files";
  if (values === "folders") return "_files -/";
  return values === "any" ? " " : `(${values.join(" ")})`;
}

/** A text within a specification: brackets and colons mean something there. */
const escaped = (text: string): string => text.replace(/[[\]:\\]/g, (each) => `\\${each}`);
