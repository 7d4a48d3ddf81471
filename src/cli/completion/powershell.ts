import { type CompletedCommand, skippedNames } from "./model.ts";

/** The script that completes the program in PowerShell 5.1 and later. */
export const powershellScript = (
  name: string,
  commands: readonly CompletedCommand[],
): string => `# Completion of ${name} for PowerShell. To have it in every session, add to the file that $PROFILE names:
#   ${name} completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName '${name}' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $commands = @{
${table(commands, (each) => each.commands.map((below): Pair => [below.name, below.description]))}
    }
    $options = @{
${table(commands, (each) =>
  each.options.flatMap(({ names, description }) => names.map((option): Pair => [option, description])),
)}
    }
    $words = @{
${words(commands)}
    }
    $skipped = @(
${commands
  .flatMap(({ path, options }) => skippedNames(path, options).flat())
  .map((each) => `        ${quoted(each)}`)
  .join("\n")}
    )
    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    $at = ''
    $skip = $false
    foreach ($word in $before) {
        if ($skip) { $skip = $false; continue }
        if ($skipped -ccontains "\${at}:$word") { $skip = $true }
        elseif ($commands.ContainsKey($at) -and $commands[$at].Contains($word)) { $at = "$at $word".Trim() }
    }
    # Where nothing is given PowerShell completes names of files.
    $found = [ordered]@{}
    $asked = if ($skip) { "\${at}:$($before[-1])" } else { $at }
    if ($words.ContainsKey($asked)) { foreach ($each in $words[$asked]) { $found[$each] = $each } }
    if (-not $skip) {
        if ($commands.ContainsKey($at)) { foreach ($each in $commands[$at].Keys) { $found[$each] = $commands[$at][$each] } }
        if ($wordToComplete -like '-*') { foreach ($each in $options[$at].Keys) { $found[$each] = $options[$at][$each] } }
    }
    $found.Keys | Where-Object { $_.StartsWith($wordToComplete) } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $found[$_])
    }
}
`;

type Pair = readonly [name: string, description: string];

/** Of each command a table of names with their descriptions. */
const table = (commands: readonly CompletedCommand[], pairsOf: (each: CompletedCommand) => readonly Pair[]): string =>
  commands
    .map((each) => ({ path: each.path, pairs: pairsOf(each) }))
    .filter(({ pairs }) => pairs.length > 0)
    .map(({ path, pairs }) => {
      const rows = pairs.map(([name, description]) => `            ${quoted(name)} = ${quoted(description)}`);
      return `        ${quoted(path)} = [ordered]@{\n${rows.join("\n")}\n        }`;
    })
    .join("\n");

/** The words that an argument, or an option, is one of. */
const words = (commands: readonly CompletedCommand[]): string =>
  commands
    .flatMap(({ path, options, values }) => [
      { name: path, values },
      ...options.flatMap((each) => each.names.map((name) => ({ name: `${path}:${name}`, values: each.values }))),
    ])
    .flatMap(({ name, values }) =>
      typeof values === "object" ? [`        ${quoted(name)} = @(${values.map(quoted).join(", ")})`] : [],
    )
    .join("\n");

/** A text in single quotes, as PowerShell reads it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
