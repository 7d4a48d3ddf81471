import { type CompletedCommand, type CompletedOption, skippedNames, type Values } from "./model.ts";

/** The script that completes the program in fish. */
export const fishScript = (
  name: string,
  commands: readonly CompletedCommand[],
): string => `# Completion of ${name} for fish. To have it in every shell:
#   ${name} completion fish > ~/.config/fish/completions/${name}.fish
function __${name}_at --description 'Whether the words so far lead to this command'
    set -l at ''
    set -l skip
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip
            continue
        end
        switch "$at:$word"
${commands
  .flatMap(({ path, commands: below, options }) => [
    ...below.map(
      (each) =>
        `            case ${quoted(`${path}:${each.name}`)}\n                set at ${quoted(`${path} ${each.name}`.trim())}`,
    ),
    ...skippedNames(path, options).map(
      (names) => `            case ${names.map(quoted).join(" ")}\n                set skip 1`,
    ),
  ])
  .join("\n")}
        end
    end
    test "$at" = "$argv[1]"
end

complete -c ${name} -f
${commands.flatMap((each) => completions(name, each)).join("\n")}
`;

function completions(name: string, { path, commands, options, values }: CompletedCommand): string[] {
  const at = `complete -c ${name} -n ${quoted(`__${name}_at ${quoted(path)}`)}`;
  return [
    ...commands.map((each) => `${at} -a ${quoted(each.name)} -d ${quoted(each.description)}`),
    ...options.map((each) => `${at} ${optionText(each)}`),
    ...(values === undefined || values === "any" ? [] : [`${at} ${valuesText(values)}`]),
  ];
}

function optionText({ names, description, values, isValueOptional }: CompletedOption): string {
  const named = names.map((each) => (each.startsWith("--") ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`));
  // What may stand without its value is completed as if it had none.
  const value = values === undefined || isValueOptional ? [] : [values === "files" ? "-r" : "-x", valuesText(values)];
  return [...named, `-d ${quoted(description)}`, ...value].join(" ").trimEnd();
}

function valuesText(values: Values): string {
  if (values === "files") return "-F";
  if (values === "folders") return "-a '(__fish_complete_directories)'";
  return values === "any" ? "" : `-a ${quoted(values.join(" "))}`;
}

/** A text in single quotes, as fish reads it. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, (each) => `\\${each}`)}'`;
