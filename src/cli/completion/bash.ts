import type { CompletedCommand, Values } from "./model.ts";
import { quoted, walkCases } from "./shell.ts";

/** The script that completes the program in bash, 3.2 and later. */
export const bashScript = (
  name: string,
  commands: readonly CompletedCommand[],
): string => `# Completion of ${name} for bash. To have it in every shell, add to ~/.bashrc:
#   source <(${name} completion bash)
_${name}_files() {
  COMPREPLY=()
  # bash 3.2 has no compopt: there names with blanks are not completed.
  if type compopt >/dev/null 2>&1; then compopt -o default; else COMPREPLY=($(compgen -f -- "$1")); fi
}

_${name}_folders() {
  COMPREPLY=()
  if type compopt >/dev/null 2>&1; then compopt -o dirnames; else COMPREPLY=($(compgen -d -- "$1")); fi
}

_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at= skip= word i
  # bash takes --option=value apart.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == = ]]; then skip=1; continue; fi
    if [[ $skip ]]; then skip=; continue; fi
    case "$at:$word" in
${walkCases(commands, { to: (path) => `at=${quoted(path)}`, skip: "skip=1", end: " ;;", indent: "      " })}
    esac
  done
  COMPREPLY=()
  case "$at:$prev" in
${valueCases(commands, name)}
  esac
  local commands= options= values=
  case $at in
${commands.map((each) => commandCase(each)).join("\n")}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ $values == files ]]; then
    _${name}_files "$cur"
  elif [[ $values == folders ]]; then
    _${name}_folders "$cur"
  else
    COMPREPLY=($(compgen -W "\${commands:-$values}" -- "$cur"))
    if [[ -z $commands$values && -z $cur ]]; then COMPREPLY=($(compgen -W "$options")); fi
  fi
}

complete -F _${name} ${name}
`;

function valueCases(commands: readonly CompletedCommand[], name: string): string {
  const done: Readonly<Record<string, string>> = {
    files: `_${name}_files "$cur"; return`,
    folders: `_${name}_folders "$cur"; return`,
    any: "return",
  };
  const action = (values: Values) =>
    typeof values === "string"
      ? done[values]
      : `COMPREPLY=($(compgen -W ${quoted(values.join(" "))} -- "$cur")); return`;
  return commands
    .flatMap(({ path, options }) =>
      options.flatMap(({ names, values, isValueOptional }) => {
        // What may stand without a value may be followed by anything.
        if (values === undefined || (isValueOptional && values === "any")) return [];
        return [`    ${names.map((each) => quoted(`${path}:${each}`)).join(" | ")}) ${action(values)} ;;`];
      }),
    )
    .join("\n");
}

function commandCase({ path, commands, options, values }: CompletedCommand): string {
  const words = (list: readonly string[]) => quoted(list.join(" "));
  const given = values === undefined || values === "any" ? "" : typeof values === "string" ? values : values.join(" ");
  return `    ${quoted(path)})
      commands=${words(commands.map(({ name }) => name))}
      options=${words(options.flatMap(({ names }) => names))}
      values=${quoted(given)} ;;`;
}
