import { Argument, type Command } from "commander";
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { type CompletedCommand, commandsOf } from "./completion/model.ts";
import { powershellScript } from "./completion/powershell.ts";
import { zshScript } from "./completion/zsh.ts";
import { withExamples } from "./worked-examples.ts";

const SCRIPTS: Readonly<Record<string, (name: string, commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

/** Adds `completion`, which prints what completes all commands of the program in a shell. */
export function addCompletionCommand(program: Command): void {
  const command = program
    .command("completion")
    .description("Print a script that completes commands, options and their values in a shell.")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SCRIPTS)))
    .action((shell: string) => {
      process.stdout.write(SCRIPTS[shell]!(program.name(), commandsOf(program, "serve")));
    });
  withExamples(command, [
    ["source <(postern completion bash)", "In ~/.bashrc"],
    ["source <(postern completion zsh)", "In ~/.zshrc, after compinit"],
    ["postern completion fish > ~/.config/fish/completions/postern.fish", "Once, for fish"],
    ["postern completion powershell | Out-String | Invoke-Expression", "In the file that $PROFILE names"],
  ]);
}
