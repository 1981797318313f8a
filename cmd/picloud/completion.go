package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print what makes a shell complete picloud's commands, flags, scripts and limits",
		ArgsUsage: "bash|zsh|fish",
		Description: "bash: picloud completion bash > /usr/share/bash-completion/completions/picloud\n\n" +
			"zsh: picloud completion zsh > /usr/share/zsh/vendor-completions/_picloud\n\n" +
			"fish: picloud completion fish > ~/.config/fish/completions/picloud.fish",
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usagef("completion wants one of: %s", strings.Join(shells(), ", "))
			}
			text, ok := completions()[c.Args().First()]
			if !ok {
				return usageHint(didYouMean(c.Args().First(), shells(), "there is bash, zsh and fish"), "there is no completion for %q", c.Args().First())
			}
			_, err := fmt.Fprint(c.App.Writer, text)
			return err
		},
	}
}

func shells() []string { return []string{"bash", "fish", "zsh"} }

// completions are the shells' sides: each hands the words so far to the hidden
// command complete, the one to complete last, and offers what that prints.
func completions() map[string]string {
	return map[string]string{
		"bash": `# bash completion for picloud
_picloud() {
  local words=("${COMP_WORDS[@]:1:COMP_CWORD}") line
  # bash has split FIELD=VALUE and --flag=value at the = sign: what it completes is
  # the part behind it, which is left to the user
  [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]] && return
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
      return
    fi
    COMPREPLY+=("${line%%$'\t'*}")
  done < <("${COMP_WORDS[0]}" complete -- "${words[@]}" 2>/dev/null)
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
}
complete -F _picloud picloud
`,
		"zsh": `#compdef picloud
_picloud() {
  local -a names described
  local line name
  for line in "${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == :files ]]; then
      _files
      return
    fi
    name=${line%%$'\t'*}
    names+=("$name")
    described+=("${name//:/\\:}:${line#*$'\t'}")
  done
  if (( ${#names} == 1 )) && [[ ${names[1]} == *= ]]; then
    compadd -S '' -- "${names[@]}"
  else
    _describe picloud described
  fi
}
if [[ $funcstack[1] == _picloud ]]; then
  _picloud "$@"
else
  compdef _picloud picloud
fi
`,
		"fish": `# fish completion for picloud
function __picloud_complete
  set -l words (commandline -opc)
  set -l program $words[1]
  set -e words[1]
  for line in ($program complete -- $words (commandline -ct) 2>/dev/null)
    if test "$line" = :files
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c picloud -f -a '(__picloud_complete)'
`,
	}
}
