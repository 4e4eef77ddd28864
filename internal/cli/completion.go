package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

type completion struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish. For bash: source <(postern completion bash)."`
}

// Run prints the script.
func (c completion) Run(in *invocation) error {
	taught := scripts[c.Shell]
	var commands []string
	var choices strings.Builder
	for _, node := range nodes(in.kong.Model.Node) {
		commands = append(commands, strconv.Quote(path(node)))
		fmt.Fprintf(&choices, taught.choices, path(node), strings.Join(words(node), " "), strings.Join(flags(node), " "))
	}
	_, err := fmt.Fprintf(in.Stdout, taught.frame, strings.Join(commands, taught.or), choices.String())
	return err
}

// script is how a shell is taught: all commands with what stands between two of them, for each a line with the words and the
// flags that may follow it, and the frame that both stand in. Typed words that make no command, as flags and their values,
// are skipped.
type script struct{ or, choices, frame string }

//nolint:gochecknoglobals // constants, but for Go's lack of them
var scripts = map[string]script{
	"bash": {"|", posixChoices, fmt.Sprintf(posixFrame, "", `"${COMP_WORDS[@]:0:$COMP_CWORD}"`, `"${COMP_WORDS[COMP_CWORD]}"`,
		`COMPREPLY=($(compgen -W "$choices" -- "$word"))`, "complete -F _postern postern\n")},
	"zsh": {"|", posixChoices, fmt.Sprintf(posixFrame, "#compdef postern\n", `"${words[@]:0:$CURRENT-1}"`, `"${words[CURRENT]}"`,
		"compadd -- ${=choices}", `if [[ $funcstack[1] == _postern ]]; then _postern "$@"; else compdef _postern postern; fi`+"\n")},
	"fish": {" ", "complete -c postern -n 'test (__postern_typed) = %q' -a '%s %s'\n", fishFrame},
}

const (
	posixChoices = "    %q) choices=%q flags=%q ;;\n"

	// Flags are offered to who has typed a hyphen, and where there is nothing else.
	posixFrame = `%s_postern() {
    local word typed choices flags
    for word in %s; do
        word="${typed:+$typed }${word##*/}"
        case "$word" in %%[1]s) typed="$word" ;; esac
    done
    case "$typed" in
%%[2]s    esac
    word=%s
    [[ -n "$choices" && "$word" != -* ]] || choices="$flags"
    %s
}
%s`

	fishFrame = `function __postern_typed
    set -l typed
    for word in (commandline -opc)
        set word (string join -- ' ' $typed (string replace -r '.*/' '' -- $word))
        contains -- $word %[1]s; and set typed $word
    end
    echo $typed
end
complete -c postern -f
%[2]s`
)

// nodes are a command and all below it.
func nodes(n *kong.Node) []*kong.Node {
	found := []*kong.Node{n}
	for _, child := range n.Children {
		found = append(found, nodes(child)...)
	}
	return found
}

// path is a command as it is typed.
func path(n *kong.Node) string {
	if n.Parent == nil {
		return n.Name
	}
	return path(n.Parent) + " " + n.Name
}

// words are the commands and values that may follow a command.
func words(n *kong.Node) []string {
	var found []string
	for _, child := range n.Children {
		found = append(found, child.Name)
	}
	for _, argument := range n.Positional {
		if argument.Enum != "" {
			found = append(found, argument.EnumSlice()...)
		}
	}
	return found
}

// flags are those that a command has, and those of all commands.
func flags(n *kong.Node) []string {
	var found []string
	for _, group := range n.AllFlags(true) {
		for _, flag := range group {
			found = append(found, "--"+flag.Name)
			if flag.Tag.Negatable != "" {
				found = append(found, "--no-"+flag.Name)
			}
		}
	}
	return found
}
